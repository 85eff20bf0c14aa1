package dev.anechoic.model.format;

/** Counts of classes over a batch of completions. */
public final class FormatShares {

  private static final int FORMS = Form.values().length;

  private final int formats;
  private final long[] counts; // [formats + 1, FORMS], the last row for no format
  private long total;

  public FormatShares(FormatClassifier classifier) {
    this.formats = classifier.formats().size();
    this.counts = new long[(formats + 1) * FORMS];
  }

  public void add(Classification classification) {
    counts[index(classification.format(), classification.form())]++;
    total++;
  }

  private int index(int format, Form form) {
    return (format == Classification.NO_FORMAT ? formats : format) * FORMS + form.ordinal();
  }

  public long total() {
    return total;
  }

  public long count(int format, Form form) {
    return counts[index(format, form)];
  }

  /** Completions of a format in any form. The counts of all formats and none sum to the total. */
  public long count(int format) {
    long sum = 0;
    for (Form form : Form.values()) {
      sum += count(format, form);
    }
    return sum;
  }

  /**
   * The share of a format in any form, a fraction.
   *
   * @throws IllegalStateException if nothing has been counted
   */
  public double share(int format) {
    if (total == 0) {
      throw new IllegalStateException("no completion has been counted");
    }
    return (double) count(format) / total;
  }
}
