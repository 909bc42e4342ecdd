package fraudstream.kernel.profiles;

/**
 * How far a task of the job has written the profiles of an entity, from which readers tell whether a
 * profile is current although its entity is idle.
 */
public final class ProfileProgress {
  /** The id field of the entity, such as {@code account_id}. */
  public final String entity;

  /** The index of the task and the number of tasks of the entity's step. */
  public final int task;

  public final int tasks;

  /** The epoch of the rows that the task writes. */
  public final long epochMs;

  /** Every change until then is in the store, in epoch ms of the job's clock. */
  public final long writtenUntilMs;

  public ProfileProgress(String entity, int task, int tasks, long epochMs, long writtenUntilMs) {
    this.entity = entity;
    this.task = task;
    this.tasks = tasks;
    this.epochMs = epochMs;
    this.writtenUntilMs = writtenUntilMs;
  }
}
