"""HTTP services: who may ask, how often and how much; refusals, health, metrics, logs. No job imports it.

`fraudstream.web.guarded_app` puts the parts together; a service brings its names, settings and routers.
"""
