package fraudstream.kernel.features;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Search trees of rows, ordered as in the {@link RowOrder}: each row is in at most one tree, and a
 * tree is named by the slot at its root.
 *
 * <p>The trees are treaps (Seidel and Aragon, "Randomized search trees", 1996): a slot's priority
 * is a hash of it, and no child has a greater one, so that the expected depth is logarithmic
 * whatever the order of insertion. The hash has a random key, because the sender of transactions
 * chooses that order. Rows are never removed.
 */
final class RowTrees {
  static final int NONE = -1;

  /** The elements of a slot's node: its children, the rows of its subtree, and its priority. */
  private static final int NODE = 4;

  private static final int RIGHT = 1;
  private static final int SIZE = 2;
  private static final int PRIORITY = 3;

  private final RowOrder order;
  private final Work work;
  private final int key = ThreadLocalRandom.current().nextInt();

  /** The nodes of all slots; the left child is their first element. */
  private int[] nodes = {};

  private int before;
  private int after;

  RowTrees(RowOrder order, Work work) {
    this.order = order;
    this.work = work;
  }

  /** The row before the one that was inserted last, in the same tree; {@link #NONE} if none is. */
  int before() {
    return before;
  }

  /** The row after the one that was inserted last, in the same tree; {@link #NONE} if none is. */
  int after() {
    return after;
  }

  /** The number of rows in a tree. */
  int count(int root) {
    return root == NONE ? 0 : nodes[NODE * root + SIZE];
  }

  private int left(int slot) {
    return nodes[NODE * slot];
  }

  private int right(int slot) {
    return nodes[NODE * slot + RIGHT];
  }

  /** The finalizer of MurmurHash3 over the slot and the key. */
  private int priority(int slot) {
    int hash = slot ^ key;
    hash = (hash ^ hash >>> 16) * 0x85ebca6b;
    hash = (hash ^ hash >>> 13) * 0xc2b2ae35;
    return hash ^ hash >>> 16;
  }

  /** Inserts a slot into the tree {@code root}, {@link #NONE} if it is empty; returns the root. */
  int insert(int root, int slot) {
    if (NODE * slot >= nodes.length) {
      nodes = Arrays.copyOf(nodes, NODE * order.capacity());
    }
    before = NONE;
    after = NONE;
    int steps = 1;
    int link = NONE;
    int at = root;
    int priority = priority(slot);
    while (at != NONE && nodes[NODE * at + PRIORITY] >= priority) {
      nodes[NODE * at + SIZE]++;
      int parent = at;
      at = stepTowards(slot, at);
      link = NODE * parent + (after == parent ? 0 : RIGHT);
      steps++;
    }
    work.add(steps);
    nodes[NODE * slot + PRIORITY] = priority;
    split(at, slot);
    count(slot, left(slot), right(slot));
    if (link == NONE) {
      return slot;
    }
    nodes[link] = slot;
    return root;
  }

  private void count(int slot, int left, int right) {
    nodes[NODE * slot + SIZE] = 1 + count(left) + count(right);
  }

  private int stepTowards(int slot, int at) {
    if (order.isBefore(slot, at)) {
      after = at;
      return left(at);
    }
    before = at;
    return right(at);
  }

  /** Splits a tree into the rows before {@code slot} and those after it, as its children. */
  private void split(int root, int slot) {
    if (root == NONE) {
      nodes[NODE * slot] = NONE;
      nodes[NODE * slot + RIGHT] = NONE;
      return;
    }
    work.add(1);
    int rest = stepTowards(slot, root);
    boolean isBefore = before == root;
    split(rest, slot);
    if (isBefore) {
      nodes[NODE * root + RIGHT] = left(slot);
      nodes[NODE * slot] = root;
    } else {
      nodes[NODE * root] = right(slot);
      nodes[NODE * slot + RIGHT] = root;
    }
    count(root, left(root), right(root));
  }

  /** The number of rows in a tree that come before the row at {@code slot}, which need not be. */
  int countBefore(int root, int slot) {
    long timeMs = order.timeMsOfSlot(slot);
    int found = 0;
    int steps = 0;
    int at = root;
    while (at != NONE) {
      steps++;
      if (order.isBefore(at, timeMs, slot)) {
        found += 1 + count(left(at));
        at = right(at);
      } else {
        at = left(at);
      }
    }
    work.add(steps);
    return found;
  }

  /** The last row in a tree up to a time and slot; {@link #NONE} if there is none. */
  int lastUpTo(int root, long timeMs, int slot) {
    int found = NONE;
    int steps = 0;
    int at = root;
    while (at != NONE) {
      steps++;
      if (order.isAfter(at, timeMs, slot)) {
        at = left(at);
      } else {
        found = at;
        at = right(at);
      }
    }
    work.add(steps);
    return found;
  }
}
