package fraudstream.kernel.stream;

import fraudstream.kernel.json.ReasonCounts;
import java.io.IOException;
import java.util.Map;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/** The review alerts of one account in one minute; {@link ReviewLimit} saves them as bytes. */
final class AccountReviews {
  private static final byte VERSION = 1;
  private static final int FIRST_BYTES = 64;

  final long minuteMs;

  /** The number of review alerts. */
  int written;

  /** The number of the next summary, from 1. */
  int part = 1;

  /** The transactions that have no review alert and are in no summary yet. */
  final ReasonCounts rest = new ReasonCounts();

  /** The first transaction of the rest, and its reason; empty if the rest is. */
  String firstTransaction = "";
  String firstReason = "";

  AccountReviews(long minuteMs) {
    this.minuteMs = minuteMs;
  }

  void addToRest(String transaction, String reason) {
    if (rest.isEmpty()) {
      firstTransaction = transaction;
      firstReason = reason;
    }
    rest.add(reason, 1);
  }

  byte[] write() throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(FIRST_BYTES);
    out.writeByte(VERSION);
    out.writeLong(minuteMs);
    out.writeInt(written);
    out.writeInt(part);
    out.writeUTF(firstTransaction);
    out.writeUTF(firstReason);
    out.writeInt(rest.byReason().size());
    for (Map.Entry<String, Long> entry : rest.byReason().entrySet()) {
      out.writeUTF(entry.getKey());
      out.writeLong(entry.getValue());
    }
    return out.getCopyOfBuffer();
  }

  /** Reads what {@link #write} wrote; null for null. */
  static AccountReviews read(byte[] bytes) throws IOException {
    if (bytes == null) {
      return null;
    }
    DataInputDeserializer in = new DataInputDeserializer(bytes);
    byte version = in.readByte();
    if (version != VERSION) {
      throw new IOException(
          "saved reviews have version " + version + "; this release reads version " + VERSION);
    }
    AccountReviews account = new AccountReviews(in.readLong());
    account.written = in.readInt();
    account.part = in.readInt();
    account.firstTransaction = in.readUTF();
    account.firstReason = in.readUTF();
    for (int reasons = in.readInt(); reasons > 0; reasons--) {
      account.rest.add(in.readUTF(), in.readLong());
    }
    return account;
  }
}
