"""HTTP services: authentication, rate and size limits, problem details, health, metrics, logs.

`fraudstream.web.guarded_app` assembles the parts; a service provides its names, settings and routers. No job
imports this package.
"""
