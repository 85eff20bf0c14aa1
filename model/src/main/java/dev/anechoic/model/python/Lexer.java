package dev.anechoic.model.python;

import dev.anechoic.model.python.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Splits source text into tokens, with indentation as tokens of its own, as CPython does. */
final class Lexer {

  private static final String[] OPERATORS = {
    "**=", "//=", "...", "<<=", ">>=", "**", "//", "==", "!=", "<=", ">=", "->", "+=", "-=", "*=",
    "/=", "%=", ":=", "<<", ">>", "&=", "|=", "^=", "+", "-", "*", "/", "%", "<", ">", "=", "(",
    ")", "[", "]", "{", "}", ",", ":", ".", ";", "@", "&", "|", "^", "~"
  };
  private static final int TAB = 8;

  private final String source;
  private final Budget budget;
  private final List<Token> tokens = new ArrayList<>();
  private final ArrayDeque<Integer> indents = new ArrayDeque<>();
  private int at;
  private int line = 1;
  private int brackets;

  private Lexer(String source, Budget budget, int firstLine) {
    this.source = source;
    this.budget = budget;
    this.line = firstLine;
    indents.push(0);
  }

  /** All tokens of a program, the last of them {@code END}. */
  static List<Token> program(String source, Budget budget) {
    if (source.length() > budget.limits().sourceChars()) {
      throw Stop.overBudget("source length");
    }
    return new Lexer(source, budget, 1).scan();
  }

  /** The tokens of one expression inside a formatted string. */
  static List<Token> expression(String source, Budget budget, int line) {
    Lexer lexer = new Lexer(source, budget, line);
    lexer.brackets = 1;
    while (lexer.at < source.length()) {
      lexer.next();
    }
    lexer.add(Kind.END, "");
    return lexer.tokens;
  }

  private List<Token> scan() {
    indentation();
    while (at < source.length()) {
      next();
    }
    if (brackets > 0) {
      throw Stop.syntax("a bracket is never closed", line, true);
    }
    if (!tokens.isEmpty() && tokens.getLast().kind() != Kind.NEWLINE) {
      add(Kind.NEWLINE, "\n");
    }
    while (indents.pop() > 0) {
      add(Kind.DEDENT, "");
    }
    add(Kind.END, "");
    return tokens;
  }

  private void next() {
    char c = source.charAt(at);
    if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
      at++;
    } else if (c == '#') {
      at = endOfLine();
    } else if (c == '\n') {
      newline();
    } else if (c == '\\' && at + 1 < source.length() && source.charAt(at + 1) == '\n') {
      at += 2;
      line++;
    } else if (isDigit(at) || c == '.' && isDigit(at + 1)) {
      number();
    } else if (c == '"' || c == '\'') {
      string(at, "");
    } else if (Character.isLetter(c) || c == '_') {
      name();
    } else {
      operator();
    }
  }

  private int endOfLine() {
    int end = source.indexOf('\n', at);
    return end < 0 ? source.length() : end;
  }

  private void newline() {
    at++;
    if (brackets == 0) {
      if (!tokens.isEmpty() && tokens.getLast().kind() != Kind.NEWLINE) {
        add(Kind.NEWLINE, "\n");
      }
      line++;
      indentation();
    } else {
      line++;
    }
  }

  /** Measures the indentation of the next line that holds more than blanks and a comment. */
  private void indentation() {
    while (at < source.length()) {
      int column = 0;
      int i = at;
      while (i < source.length() && (source.charAt(i) == ' ' || source.charAt(i) == '\t')) {
        column = source.charAt(i) == '\t' ? (column / TAB + 1) * TAB : column + 1;
        i++;
      }
      at = i;
      if (i < source.length() && source.charAt(i) == '\r') {
        i++;
      }
      boolean blank = i >= source.length() || source.charAt(i) == '\n' || source.charAt(i) == '#';
      if (!blank) {
        indentTo(column);
        return;
      }
      at = endOfLine();
      if (at < source.length()) {
        at++;
        line++;
      }
    }
  }

  private void indentTo(int column) {
    if (column > indents.peek()) {
      if (indents.size() > budget.limits().nesting()) {
        throw Stop.overBudget("nesting");
      }
      indents.push(column);
      add(Kind.INDENT, "");
    }
    while (column < indents.peek()) {
      indents.pop();
      add(Kind.DEDENT, "");
    }
    if (column != indents.peek()) {
      throw Stop.syntax("unindent does not match any outer level", line, false);
    }
  }

  private void name() {
    int start = at;
    while (at < source.length() && isNamePart(source.charAt(at))) {
      at++;
    }
    String text = source.substring(start, at);
    boolean quote = at < source.length() && (source.charAt(at) == '"' || source.charAt(at) == '\'');
    if (quote && text.length() <= 2 && isStringPrefix(text)) {
      string(at, text.toLowerCase(java.util.Locale.ROOT));
    } else {
      add(Kind.NAME, text);
    }
  }

  private static boolean isStringPrefix(String text) {
    return switch (text) {
      case "f", "F", "r", "R", "u", "U", "b", "B", "rb", "br", "fr", "rf", "Rb", "Fr" -> true;
      default -> false;
    };
  }

  private void operator() {
    for (String op : OPERATORS) {
      if (source.startsWith(op, at)) {
        at += op.length();
        char c = op.charAt(0);
        if (c == '(' || c == '[' || c == '{') {
          brackets++;
        } else if ((c == ')' || c == ']' || c == '}') && --brackets < 0) {
          throw error("unmatched '" + op + "'");
        }
        add(Kind.OPERATOR, op);
        return;
      }
    }
    throw error("invalid character '" + source.charAt(at) + "'");
  }

  private void number() {
    int start = at;
    boolean real = false;
    if (source.charAt(at) == '0' && at + 1 < source.length()) {
      char x = Character.toLowerCase(source.charAt(at + 1));
      int radix = x == 'x' ? 16 : x == 'b' ? 2 : x == 'o' ? 8 : 0;
      if (radix > 0) {
        radixNumber(start, radix);
        return;
      }
    }
    digits();
    if (at < source.length() && source.charAt(at) == '.') {
      real = true;
      at++;
      digits();
    }
    if (at < source.length() && (source.charAt(at) == 'e' || source.charAt(at) == 'E')) {
      int sign = at + 1 < source.length() && "+-".indexOf(source.charAt(at + 1)) >= 0 ? 1 : 0;
      if (isDigit(at + 1 + sign)) {
        real = true;
        at += 1 + sign;
        digits();
      }
    }
    if (at < source.length() && isNamePart(source.charAt(at))) {
      throw error("invalid decimal literal");
    }
    String written = source.substring(start, at);
    if (written.endsWith("_") || written.contains("__") || written.contains("_.")) {
      throw error("invalid decimal literal");
    }
    String text = written.replace("_", "");
    budget.work(text.length() / 4);
    tokens.add(new Token(Kind.NUMBER, text, line, real ? Double.valueOf(text) : integer(text, 10)));
  }

  private void radixNumber(int start, int radix) {
    at += 2;
    int first = at;
    while (at < source.length() && isNamePart(source.charAt(at))) {
      at++;
    }
    String text = source.substring(first, at).replace("_", "");
    try {
      tokens.add(new Token(Kind.NUMBER, source.substring(start, at), line, integer(text, radix)));
    } catch (NumberFormatException e) {
      throw error("invalid literal");
    }
  }

  private Object integer(String text, int radix) {
    if (radix == 10 && text.length() > 1 && text.charAt(0) == '0' && !text.matches("0+")) {
      throw error("leading zeros in decimal integer literals are not permitted");
    }
    if (text.length() < 15) {
      return Long.parseLong(text, radix);
    }
    budget.integer(text.length() * 4L);
    budget.work((long) text.length() * text.length() / 64);
    return Ints.of(new BigInteger(text, radix));
  }

  private void digits() {
    while (at < source.length() && (isDigit(at) || source.charAt(at) == '_')) {
      at++;
    }
  }

  private boolean isDigit(int i) {
    return i < source.length() && source.charAt(i) >= '0' && source.charAt(i) <= '9';
  }

  private static boolean isNamePart(char c) {
    return Character.isLetterOrDigit(c) || c == '_';
  }

  private void string(int quoteAt, String prefix) {
    if (prefix.indexOf('b') >= 0) {
      throw Stop.unsupported("bytes");
    }
    int firstLine = line;
    char quote = source.charAt(quoteAt);
    String triple = String.valueOf(quote).repeat(3);
    boolean multiline = source.startsWith(triple, quoteAt);
    String end = multiline ? triple : String.valueOf(quote);
    int start = quoteAt + end.length();
    at = start;
    while (at < source.length() && !source.startsWith(end, at)) {
      char c = source.charAt(at);
      if (c == '\n') {
        if (!multiline) {
          throw error("unterminated string literal");
        }
        line++;
      }
      at += c == '\\' ? 2 : 1;
    }
    if (at >= source.length()) {
      throw Stop.syntax("unterminated string literal", firstLine, true);
    }
    String body = source.substring(start, at);
    at += end.length();
    boolean raw = prefix.indexOf('r') >= 0;
    if (prefix.indexOf('f') >= 0) {
      tokens.add(new Token(Kind.FORMATTED, body, firstLine, raw));
    } else {
      tokens.add(new Token(Kind.STRING, "", firstLine, raw ? body : unescape(body)));
    }
  }

  /** Replaces the escape sequences of a string; an unknown one stays as it is, as in Python. */
  static String unescape(String body) {
    if (body.indexOf('\\') < 0) {
      return body;
    }
    StringBuilder out = new StringBuilder(body.length());
    for (int i = 0; i < body.length(); i++) {
      char c = body.charAt(i);
      if (c != '\\' || i + 1 == body.length()) {
        out.append(c);
        continue;
      }
      char escaped = body.charAt(++i);
      switch (escaped) {
        case 'n' -> out.append('\n');
        case 't' -> out.append('\t');
        case 'r' -> out.append('\r');
        case '\\', '\'', '"' -> out.append(escaped);
        case '\n' -> {}
        case '0', '1', '2', '3', '4', '5', '6', '7', 'x', 'u', 'U', 'N', 'a', 'b', 'f', 'v' ->
            throw Stop.unsupported("escape sequence \\" + escaped);
        default -> out.append('\\').append(escaped);
      }
    }
    return out.toString();
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, line, null));
  }

  private Stop error(String reason) {
    return Stop.syntax(reason, line, false);
  }
}
