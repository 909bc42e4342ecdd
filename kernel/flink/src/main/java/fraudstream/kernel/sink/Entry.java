package fraudstream.kernel.sink;

import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;

/** A row of a sink: a key in UTF-8 and a payload. */
final class Entry {
  private static final int KEY = 0;
  private static final int PAYLOAD = 1;

  /** About what the objects of an entry take beside its bytes. */
  private static final int OVERHEAD_BYTES = 64;

  final byte[] key;
  final byte[] payload;

  Entry(byte[] key, byte[] payload) {
    this.key = key;
    this.payload = payload;
  }

  /** A copy of a row, which Flink may use again. */
  static Entry of(RowData row) {
    return new Entry(row.getString(KEY).toBytes(), row.getBinary(PAYLOAD));
  }

  RowData row() {
    return GenericRowData.of(StringData.fromBytes(key), payload);
  }

  int bytes() {
    return key.length + payload.length + OVERHEAD_BYTES;
  }
}
