package drills.clock;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;

/**
 * Java agent that gives the job's classes and Flink's a wall clock that can be set: each call of {@code
 * System.currentTimeMillis()} becomes one of {@link SteppedClock}. The JVM's own classes, and those of other
 * processes, keep the true time.
 *
 * <p>Only the constant pool of a class is changed: the entry of the method gets another class, so calls and
 * method references change alike, and no instruction moves.
 */
public final class ClockAgent implements ClassFileTransformer {
  private static final int UTF8 = 1;
  private static final int CLASS = 7;
  private static final int METHOD = 10;
  private static final int NAME_AND_TYPE = 12;
  private static final String CLOCK = "drills/clock/SteppedClock";

  /** Starts with the JVM; {@code file} has the offset, see {@link SteppedClock#follow}. */
  public static void premain(String file, Instrumentation instrumentation) throws IOException {
    SteppedClock.follow(file);
    instrumentation.addTransformer(new ClockAgent());
  }

  @Override
  public byte[] transform(
      ClassLoader loader, String name, Class<?> old, ProtectionDomain domain, byte[] bytes) {
    if (name == null || !(name.startsWith("fraudstream/") || name.startsWith("org/apache/flink/"))) {
      return null;
    }
    try {
      return withSteppedClock(bytes);
    } catch (IOException impossible) {
      throw new IllegalStateException(name + " is not a class file", impossible);
    }
  }

  /** Returns the class file with the other clock; null if it does not ask for the time. */
  private static byte[] withSteppedClock(byte[] bytes) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    in.skipBytes(8);
    int count = in.readUnsignedShort();
    String[] texts = new String[count];
    int[] first = new int[count];
    int[] second = new int[count];
    int[] tags = new int[count];
    int[] places = new int[count];
    for (int index = 1; index < count; index++) {
      places[index] = bytes.length - in.available();
      int tag = tags[index] = in.readUnsignedByte();
      switch (tag) {
        case UTF8 -> texts[index] = in.readUTF();
        case 3, 4 -> in.skipBytes(4);
        case 5, 6 -> {
          in.skipBytes(8);
          index++;
        }
        case CLASS, 8, 16, 19, 20 -> first[index] = in.readUnsignedShort();
        case 9, METHOD, 11, NAME_AND_TYPE, 17, 18 -> {
          first[index] = in.readUnsignedShort();
          second[index] = in.readUnsignedShort();
        }
        case 15 -> in.skipBytes(3);
        default -> throw new IOException("unknown constant " + tag);
      }
    }
    int end = bytes.length - in.available();
    for (int index = 1; index < count; index++) {
      boolean isClock =
          tags[index] == METHOD
              && "java/lang/System".equals(texts[first[first[index]]])
              && "currentTimeMillis".equals(texts[first[second[index]]]);
      if (isClock) {
        return patched(bytes, count, end, places[index]);
      }
    }
    return null;
  }

  /** Appends the clock's class to the constants, and lets the method at {@code place} belong to it. */
  private static byte[] patched(byte[] bytes, int count, int end, int place) throws IOException {
    ByteArrayOutputStream result = new ByteArrayOutputStream(bytes.length + 64);
    DataOutputStream out = new DataOutputStream(result);
    out.write(bytes, 0, 8);
    out.writeShort(count + 2);
    out.write(bytes, 10, place + 1 - 10);
    out.writeShort(count + 1);
    out.write(bytes, place + 3, end - (place + 3));
    out.writeByte(UTF8);
    out.writeUTF(CLOCK);
    out.writeByte(CLASS);
    out.writeShort(count);
    out.write(bytes, end, bytes.length - end);
    return result.toByteArray();
  }
}
