package dev.anechoic.rl.report;

import java.util.Locale;

/**
 * Writes one SVG image. Colours and fonts come from the page's style sheet through class names, so
 * that one drawing serves light, dark and print.
 */
final class Svg {
  private final StringBuilder out = new StringBuilder();

  /**
   * Starts an image.
   *
   * @param label what a screen reader says
   */
  Svg(double width, double height, String label) {
    out.append("<svg viewBox=\"0 0 ")
        .append(number(width))
        .append(' ')
        .append(number(height))
        .append("\" role=\"img\" aria-label=\"")
        .append(Html.escape(label))
        .append("\" data-hover=\"")
        .append(HOVER_MARK)
        .append("\">");
  }

  private static final String HOVER_MARK = "@hover@";
  private String hover = "";

  /** JSON that the page's script reads to follow the pointer; see {@code report.js}. */
  Svg hover(String json) {
    hover = json;
    return this;
  }

  Svg line(String css, double x1, double y1, double x2, double y2) {
    out.append("<line class=\"").append(css).append("\" x1=\"").append(number(x1));
    out.append("\" y1=\"").append(number(y1)).append("\" x2=\"").append(number(x2));
    out.append("\" y2=\"").append(number(y2)).append("\"/>");
    return this;
  }

  Svg rect(String css, double x, double y, double width, double height, String title) {
    out.append("<rect class=\"").append(css).append("\" x=\"").append(number(x));
    out.append("\" y=\"").append(number(y)).append("\" width=\"").append(number(width));
    out.append("\" height=\"").append(number(height)).append("\">");
    if (!title.isEmpty()) {
      out.append("<title>").append(Html.escape(title)).append("</title>");
    }
    out.append("</rect>");
    return this;
  }

  Svg circle(String css, double x, double y, double radius, String title) {
    out.append("<circle class=\"").append(css).append("\" cx=\"").append(number(x));
    out.append("\" cy=\"").append(number(y)).append("\" r=\"").append(number(radius)).append("\">");
    if (!title.isEmpty()) {
      out.append("<title>").append(Html.escape(title)).append("</title>");
    }
    out.append("</circle>");
    return this;
  }

  Svg path(String css, String data) {
    if (!data.isEmpty()) {
      out.append("<path class=\"").append(css).append("\" d=\"").append(data).append("\"/>");
    }
    return this;
  }

  /**
   * Text.
   *
   * @param anchor {@code start}, {@code middle} or {@code end}
   * @param y middle of the letters
   */
  Svg text(String css, double x, double y, String anchor, String text) {
    out.append("<text class=\"").append(css).append("\" x=\"").append(number(x));
    out.append("\" y=\"").append(number(y + 4)).append("\" text-anchor=\"").append(anchor);
    out.append("\">").append(Html.escape(text)).append("</text>");
    return this;
  }

  /** The finished image. */
  String finish() {
    String svg = out + "</svg>";
    return hover.isEmpty()
        ? svg.replace(" data-hover=\"" + HOVER_MARK + "\"", "")
        : svg.replace(HOVER_MARK, Html.escape(hover));
  }

  /** A coordinate with one decimal at most. */
  static String number(double value) {
    long tenths = Math.round(value * 10);
    return tenths % 10 == 0
        ? Long.toString(tenths / 10)
        : String.format(Locale.ROOT, "%.1f", tenths / 10.0);
  }

  /** Path data of a line through points; a NaN interrupts it. */
  static String polyline(double[] x, double[] y) {
    StringBuilder path = new StringBuilder();
    boolean pen = false;
    for (int i = 0; i < x.length; i++) {
      if (Double.isFinite(y[i])) {
        path.append(pen ? 'L' : 'M').append(number(x[i])).append(' ').append(number(y[i]));
        if (!pen && (i + 1 == x.length || !Double.isFinite(y[i + 1]))) {
          path.append("h0.1"); // a lone point stays visible
        }
        pen = true;
      } else {
        pen = false;
      }
    }
    return path.toString();
  }

  /** Path data of the area between two lines over the same points, without NaN. */
  static String area(double[] x, double[] top, double[] bottom) {
    if (x.length == 0) {
      return "";
    }
    StringBuilder path = new StringBuilder("M");
    for (int i = 0; i < x.length; i++) {
      path.append(i == 0 ? "" : "L").append(number(x[i])).append(' ').append(number(top[i]));
    }
    for (int i = x.length - 1; i >= 0; i--) {
      path.append('L').append(number(x[i])).append(' ').append(number(bottom[i]));
    }
    return path.append('Z').toString();
  }
}
