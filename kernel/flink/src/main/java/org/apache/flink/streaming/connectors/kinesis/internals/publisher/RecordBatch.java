package org.apache.flink.streaming.connectors.kinesis.internals.publisher;

import fraudstream.kernel.record.KplAggregate;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.kinesis.clientlibrary.types.UserRecord;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.kinesis.model.Record;
import org.apache.flink.streaming.connectors.kinesis.model.StreamShardHandle;

/**
 * Replaces the class of that name in Flink's Kinesis connector, which pom.xml leaves out of the jar:
 * records that the Kinesis Producer Library aggregated are passed on whole, and the kernel takes them
 * apart ({@link KplAggregate}).
 *
 * <p>The connector drops an aggregated record silently if a key in it belongs to another shard, and
 * fails forever over one whose index of a key is wrong. See ADR 23.
 */
public class RecordBatch {
  private final List<UserRecord> records;
  private final long totalSizeInBytes;
  private final Long millisBehindLatest;

  /**
   * @param shard not used: what a record holds does not depend on its shard
   * @param millisBehindLatest how far the shard's reader is behind its end; null if unknown
   */
  public RecordBatch(List<Record> records, StreamShardHandle shard, Long millisBehindLatest) {
    this.records = records.stream().map(RecordBatch::whole).collect(Collectors.toList());
    totalSizeInBytes = this.records.stream().mapToLong(each -> each.getData().remaining()).sum();
    this.millisBehindLatest = millisBehindLatest;
  }

  private static UserRecord whole(Record record) {
    ByteBuffer data = record.getData().duplicate();
    byte[] bytes = new byte[data.remaining()];
    data.get(bytes);
    return KplAggregate.isOne(bytes) ? new Whole(record) : new UserRecord(record);
  }

  /**
   * An aggregated record that counts as its own last part.
   *
   * <p>State that the connector saved within such a record has the number of the last part that it
   * passed on. Restored from it, the record is read once more; its first parts are duplicates then.
   */
  private static final class Whole extends UserRecord {
    private static final long serialVersionUID = 1L;

    Whole(Record record) {
      super(true, record, Long.MAX_VALUE, null);
    }
  }

  public int getAggregatedRecordSize() {
    return records.size();
  }

  public int getDeaggregatedRecordSize() {
    return records.size();
  }

  public List<UserRecord> getDeaggregatedRecords() {
    return records;
  }

  public long getTotalSizeInBytes() {
    return totalSizeInBytes;
  }

  public long getAverageRecordSizeBytes() {
    return records.isEmpty() ? 0 : totalSizeInBytes / records.size();
  }

  public Long getMillisBehindLatest() {
    return millisBehindLatest;
  }
}
