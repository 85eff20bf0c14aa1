package dev.anechoic.rl.report;

import dev.anechoic.rl.runfolder.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleFunction;

/**
 * A chart over a horizontal axis: lines, bands, stacked areas, signed stacked bars and points, in
 * the order in which they are added, labelled directly at the right end.
 *
 * <p>All charts of a report have one width, so that those of one row align.
 */
final class Plot {
  static final double WIDTH = 460;

  /** Room for labels at the right; one width for most charts, so that their steps line up. */
  private static final double ROOM = 92;

  private static final double LABEL_GAP = 15;
  private static final double LETTER = 7.1;

  private final String title;
  private final double height;
  private final double[] x;
  private Range xRange;
  private Range yRange = Range.SHARE;
  private DoubleFunction<String> yText = Numbers::significant;
  private DoubleFunction<String> yTick = Numbers::plain;
  private DoubleFunction<String> xText = v -> Numbers.format("%,.0f", v);
  private String xName = "step";
  private boolean logX;
  private double right = ROOM;
  private final List<Layer> layers = new ArrayList<>();
  private final List<Label> labels = new ArrayList<>();
  private final List<Mark> marks = new ArrayList<>();
  private final List<Hover> hovers = new ArrayList<>();

  /** Draws one thing into the frame. */
  @FunctionalInterface
  private interface Layer {
    void draw(Svg svg);
  }

  private record Label(String css, String text, double y) {}

  private record Mark(double x, String text) {}

  private record Hover(String name, String css, double[] y) {}

  /**
   * A chart.
   *
   * @param title what a screen reader says
   * @param x the horizontal values [N]
   */
  Plot(String title, double height, double[] x) {
    this.title = title;
    this.height = height;
    this.x = x;
    this.xRange = extent(x);
  }

  /** A chart over steps. */
  Plot(String title, double height, int[] steps) {
    this(title, height, Arrays.stream(steps).asDoubleStream().toArray());
  }

  Plot x(Range range, String name) {
    xRange = range;
    xName = name;
    return this;
  }

  Plot xText(DoubleFunction<String> text) {
    xText = text;
    return this;
  }

  /** A logarithmic horizontal axis to base 2, ticked at powers of two. */
  Plot logX(String name) {
    logX = true;
    xName = name;
    return this;
  }

  /** Plain numbers. */
  Plot y(Range range) {
    yRange = range;
    return this;
  }

  /** Numbers with their sign. */
  Plot ySigned(Range range) {
    yRange = range;
    yText = Numbers::signed;
    yTick = Numbers::plainSigned;
    return this;
  }

  /** Fractions from 0 to 1 as percentages. */
  Plot percent() {
    yRange = Range.SHARE;
    yText = Numbers::percent;
    yTick = Numbers::percent;
    return this;
  }

  /** Makes room for the longest of these labels; charts of one row name the same. */
  Plot room(List<String> names) {
    int longest = names.stream().mapToInt(String::length).max().orElse(0);
    right = Math.max(ROOM, 14 + longest * LETTER);
    return this;
  }

  /** A line with its label at its right end. */
  Plot line(String name, String css, double[] y) {
    layers.add(svg -> svg.path("line " + css, Svg.polyline(xs(), ys(y))));
    label(name, css, last(y));
    hovers.add(new Hover(name, css, y));
    return this;
  }

  /** A line without a label or a readout, such as raw values behind a smoothed line. */
  Plot faint(String css, double[] y) {
    layers.add(svg -> svg.path("faint " + css, Svg.polyline(xs(), ys(y))));
    return this;
  }

  Plot band(String css, double[] low, double[] high) {
    layers.add(svg -> svg.path("band " + css, Svg.area(xs(), ys(high), ys(low))));
    return this;
  }

  Plot points(String css, double[] y, DoubleFunction<String> titleOfIndex) {
    layers.add(svg -> {
      double[] xs = xs();
      double[] ys = ys(y);
      for (int i = 0; i < y.length; i++) {
        if (Double.isFinite(ys[i])) {
          svg.circle("point " + css, xs[i], ys[i], 2.6, titleOfIndex.apply(i));
        }
      }
    });
    return this;
  }

  /**
   * Areas stacked from the bottom.
   *
   * @param columns one per area [A,N]; NaN counts as 0
   */
  Plot areas(List<String> names, List<String> css, List<double[]> columns) {
    double[] bottom = new double[x.length];
    for (int a = 0; a < names.size(); a++) {
      double[] column = columns.get(a);
      double[] top = bottom.clone();
      for (int i = 0; i < x.length; i++) {
        top[i] += Double.isNaN(column[i]) ? 0 : column[i];
      }
      double[] from = bottom;
      String fill = css.get(a);
      layers.add(svg -> svg.path("area " + fill, Svg.area(xs(), ys(top), ys(from))));
      int end = x.length - 1;
      double whole = yRange.high() - yRange.low();
      double largest = Arrays.stream(column).filter(Double::isFinite).max().orElse(0);
      // A band that vanished keeps its label: its colour is met further left.
      if (end >= 0 && (top[end] - from[end] > 0.03 * whole || largest > 0.1 * whole)) {
        label(names.get(a), fill, (top[end] + from[end]) / 2);
      }
      hovers.add(new Hover(names.get(a), fill, column));
      bottom = top;
    }
    return this;
  }

  /**
   * Bars stacked away from zero, positive parts upward and negative parts downward.
   *
   * @param columns one per part [A,N]
   */
  Plot bars(List<String> names, List<String> css, List<double[]> columns) {
    layers.add(svg -> {
      double[] xs = xs();
      double width = Math.max(1, plotWidth() / Math.max(1, x.length) * 0.8);
      for (int i = 0; i < x.length; i++) {
        stack(svg, xs[i] - width / 2, width, i, css, columns);
      }
    });
    for (int a = 0; a < names.size(); a++) {
      hovers.add(new Hover(names.get(a), css.get(a), columns.get(a)));
    }
    return this;
  }

  private void stack(
      Svg svg, double left, double width, int i, List<String> css, List<double[]> columns) {
    double up = 0;
    double down = 0;
    for (int a = 0; a < columns.size(); a++) {
      double value = columns.get(a)[i];
      if (!Double.isFinite(value) || value == 0) {
        continue;
      }
      double from = value > 0 ? up : down;
      double to = from + value;
      double top = Math.min(y(from), y(to));
      svg.rect("bar " + css.get(a), left, top, width, Math.abs(y(from) - y(to)), "");
      if (value > 0) {
        up = to;
      } else {
        down = to;
      }
    }
  }

  /** Points with their own horizontal values. */
  Plot cloud(String css, double[] xs, double[] ys, String title) {
    layers.add(svg -> {
      for (int i = 0; i < xs.length; i++) {
        if (Double.isFinite(xs[i]) && Double.isFinite(ys[i])) {
          svg.circle("point " + css, x(xs[i]), y(ys[i]), 2.6, title);
        }
      }
    });
    return this;
  }

  /** A line across the plot between two points in data units, such as a diagonal or zero. */
  Plot rule(double x1, double y1, double x2, double y2) {
    layers.add(svg -> svg.line("rule", x(x1), y(y1), x(x2), y(y2)));
    return this;
  }

  /** A vertical mark with a word on top. */
  Plot mark(double at, String text) {
    marks.add(new Mark(at, text));
    return this;
  }

  /** A label at the right end of the plot. */
  Plot label(String text, String css, double y) {
    if (Double.isFinite(y) && !text.isEmpty()) {
      labels.add(new Label(css, text, y));
    }
    return this;
  }

  /** Draws the chart. */
  String render() {
    Svg svg = new Svg(WIDTH, height, title);
    axes(svg);
    layers.forEach(layer -> layer.draw(svg));
    for (Mark mark : marks) {
      double at = x(mark.x);
      boolean leftHalf = at < left() + plotWidth() * 0.7;
      svg.line("mark", at, top() - 8, at, bottom());
      svg.text("note", at + (leftHalf ? 4 : -4), top() - 10, leftHalf ? "start" : "end", mark.text);
    }
    directLabels(svg);
    return svg.hover(hoverJson()).finish();
  }

  private void axes(Svg svg) {
    for (double tick : yRange.ticks(4)) {
      svg.line(tick == 0 && yRange.low() < 0 ? "zero" : "grid", left(), y(tick), right(), y(tick));
      svg.text("tick", left() - 7, y(tick), "end", yTick.apply(tick));
    }
    double lastText = Double.NEGATIVE_INFINITY;
    List<Double> ticks = xTicks().stream().filter(tick -> !xText.apply(tick).isEmpty()).toList();
    int every = 1;
    while (every < ticks.size() && textsTouch(ticks, every)) {
      every++;
    }
    for (int i = 0; i < ticks.size(); i += every) {
      double tick = ticks.get(i);
      svg.line("tickline", x(tick), bottom(), x(tick), bottom() + 4);
      svg.text("tick", x(tick), bottom() + 14, "middle", xText.apply(tick));
      lastText = x(tick) + halfWidth(tick);
    }
    svg.line("axis", left(), bottom(), right(), bottom());
    svg.text("tick", Math.max(right(), lastText) + 8, bottom() + 14, "start", xName);
  }

  /** Whether two neighbours of every nth text are too close; leaving out some alone misleads. */
  private boolean textsTouch(List<Double> ticks, int every) {
    for (int i = every; i < ticks.size(); i += every) {
      double before = ticks.get(i - every);
      double gap = x(ticks.get(i)) - halfWidth(ticks.get(i)) - x(before) - halfWidth(before);
      if (gap <= 6) {
        return true;
      }
    }
    return false;
  }

  private double halfWidth(double tick) {
    return xText.apply(tick).length() * LETTER / 2;
  }

  private List<Double> xTicks() {
    if (!logX) {
      boolean whole = xName.equals("step");
      return xRange.ticks(6).stream()
          .filter(tick -> !whole || Math.abs(tick - Math.rint(tick)) < 1e-9)
          .toList();
    }
    List<Double> ticks = new ArrayList<>();
    for (double tick = 1; tick <= xRange.high(); tick *= 2) {
      if (tick >= xRange.low()) {
        ticks.add(tick);
      }
    }
    return ticks;
  }

  /** Labels at the right end, pushed apart so that none covers another. */
  private void directLabels(Svg svg) {
    List<Label> sorted = new ArrayList<>(labels);
    sorted.sort(Comparator.comparingDouble(label -> y(label.y)));
    double[] at = new double[sorted.size()];
    for (int i = 0; i < at.length; i++) {
      double wanted = Math.clamp(y(sorted.get(i).y), top(), bottom());
      at[i] = i == 0 ? wanted : Math.max(wanted, at[i - 1] + LABEL_GAP);
    }
    double limit = bottom() - 2;
    for (int i = at.length - 1; i >= 0; i--) {
      at[i] = Math.min(at[i], limit);
      limit = at[i] - LABEL_GAP;
    }
    for (int i = 0; i < at.length; i++) {
      svg.text("label " + sorted.get(i).css, right() + 8, at[i], "start", sorted.get(i).text);
    }
  }

  private String hoverJson() {
    if (hovers.isEmpty() || x.length == 0) {
      return "";
    }
    return JsonObject.write(json -> {
      json.writeStartObject();
      json.writeStringField("name", xName);
      json.writeNumberField("top", (float) top());
      json.writeNumberField("bottom", (float) bottom());
      json.writeArrayFieldStart("at");
      for (double at : xs()) {
        json.writeNumber(Svg.number(at));
      }
      json.writeEndArray();
      json.writeArrayFieldStart("x");
      for (double value : x) {
        json.writeString(xText.apply(value));
      }
      json.writeEndArray();
      json.writeArrayFieldStart("series");
      for (Hover hover : hovers) {
        json.writeStartObject();
        json.writeStringField("name", hover.name);
        json.writeStringField("css", hover.css);
        json.writeArrayFieldStart("y");
        for (double value : hover.y) {
          json.writeString(yText.apply(value));
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    });
  }

  private double left() {
    return 46;
  }

  private double right() {
    return WIDTH - right;
  }

  private double top() {
    return marks.isEmpty() ? 10 : 24;
  }

  private double bottom() {
    return height - 26;
  }

  private double plotWidth() {
    return right() - left();
  }

  private double x(double value) {
    double low = logX ? Math.log(xRange.low()) : xRange.low();
    double high = logX ? Math.log(xRange.high()) : xRange.high();
    double at = logX ? Math.log(value) : value;
    return high == low
        ? left() + plotWidth() / 2
        : left() + (at - low) / (high - low) * plotWidth();
  }

  private double y(double value) {
    double share = (value - yRange.low()) / (yRange.high() - yRange.low());
    return bottom() - share * (bottom() - top());
  }

  private double[] xs() {
    double[] at = new double[x.length];
    for (int i = 0; i < at.length; i++) {
      at[i] = x(x[i]);
    }
    return at;
  }

  private double[] ys(double[] values) {
    double[] at = new double[values.length];
    for (int i = 0; i < at.length; i++) {
      at[i] = y(values[i]);
    }
    return at;
  }

  private static double last(double[] y) {
    for (int i = y.length - 1; i >= 0; i--) {
      if (Double.isFinite(y[i])) {
        return y[i];
      }
    }
    return Double.NaN;
  }

  private static Range extent(double[] x) {
    double low = Arrays.stream(x).min().orElse(0);
    double high = Arrays.stream(x).max().orElse(1);
    return new Range(low, high);
  }
}
