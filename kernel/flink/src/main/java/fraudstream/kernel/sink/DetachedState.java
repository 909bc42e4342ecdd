package fraudstream.kernel.sink;

import java.util.List;

/** The saved state of a detached sink: the rows that the inner sink may not have written. */
final class DetachedState {
  final List<Entry> entries;

  DetachedState(List<Entry> entries) {
    this.entries = entries;
  }
}
