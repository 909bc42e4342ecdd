package fraudstream.kernel;

import org.apache.flink.table.functions.FunctionContext;

/** What the job hands to the kernel; the names are those that {@code jobs/feature_job.py} sets. */
final class JobParameters {
  private JobParameters() {}

  static FeatureProgram catalogue(FunctionContext context) {
    return FeatureProgram.fromJson(required(context, "fraudstream.catalogue"));
  }

  static String catalogueVersion(FunctionContext context) {
    return required(context, "fraudstream.catalogue-version");
  }

  static String modelVersion(FunctionContext context) {
    return required(context, "fraudstream.model-version");
  }

  static int maxRecordBytes(FunctionContext context) {
    return Integer.parseInt(required(context, "fraudstream.max-record-bytes"));
  }

  static long futureToleranceMs(FunctionContext context) {
    return Long.parseLong(required(context, "fraudstream.future-tolerance-ms"));
  }

  static long allowedLatenessMs(FunctionContext context) {
    return Long.parseLong(required(context, "fraudstream.allowed-lateness-ms"));
  }

  private static String required(FunctionContext context, String name) {
    String value = context.getJobParameter(name, null);
    if (value == null) {
      throw new IllegalStateException(
          "job parameter " + name + " is not set; start the job by jobs/feature_job.py");
    }
    return value;
  }
}
