package dev.anechoic.model.python;

import dev.anechoic.model.python.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Recursive descent over the tokens, following the grammar of Python 3.11. */
final class Parser {

  private static final Set<String> KEYWORDS =
      Set.of(
          "False",
          "None",
          "True",
          "and",
          "as",
          "assert",
          "async",
          "await",
          "break",
          "class",
          "continue",
          "def",
          "del",
          "elif",
          "else",
          "except",
          "finally",
          "for",
          "from",
          "global",
          "if",
          "import",
          "in",
          "is",
          "lambda",
          "nonlocal",
          "not",
          "or",
          "pass",
          "raise",
          "return",
          "try",
          "while",
          "with",
          "yield");
  private static final Set<String> UNSUPPORTED =
      Set.of(
          "async",
          "await",
          "class",
          "del",
          "global",
          "lambda",
          "nonlocal",
          "raise",
          "try",
          "with",
          "yield");

  private final List<Token> tokens;
  private final Budget budget;
  private int at;
  private int depth;
  private int loops;
  private @Nullable Function function;

  /** What is known of the function whose body is being read. */
  private static final class Function {
    final Set<String> locals = new HashSet<>();
    boolean returns;
  }

  private Parser(List<Token> tokens, Budget budget, int depth) {
    this.tokens = tokens;
    this.budget = budget;
    this.depth = depth;
  }

  static List<Stmt> parse(String source, Budget budget) {
    Parser parser = new Parser(Lexer.program(source, budget), budget, 0);
    List<Stmt> body = new ArrayList<>();
    while (parser.peek().kind() != Kind.END) {
      parser.statement(body);
    }
    return body;
  }

  // Statements

  private void statement(List<Stmt> body) {
    Token token = peek();
    if (token.kind() == Kind.INDENT) {
      throw error("unexpected indent");
    }
    if (token.kind() == Kind.NAME) {
      switch (token.text()) {
        case "def" -> body.add(define());
        case "if" -> body.add(conditional());
        case "while" -> body.add(whileLoop());
        case "for" -> body.add(forLoop());
        default -> simpleLine(body);
      }
    } else {
      simpleLine(body);
    }
  }

  private void simpleLine(List<Stmt> body) {
    do {
      if (peek().kind() == Kind.NEWLINE) {
        break;
      }
      simple(body);
    } while (accept(";"));
    if (peek().kind() != Kind.END) {
      expect(Kind.NEWLINE, "a new line");
    }
  }

  private void simple(List<Stmt> body) {
    Token token = peek();
    if (token.kind() == Kind.NAME && UNSUPPORTED.contains(token.text())) {
      throw Stop.unsupported(token.text());
    }
    switch (token.kind() == Kind.NAME ? token.text() : "") {
      case "return" -> body.add(returned());
      case "pass" -> body.add(jump(Stmt.Jump.PASS));
      case "break" -> body.add(jump(Stmt.Jump.BREAK));
      case "continue" -> body.add(jump(Stmt.Jump.CONTINUE));
      case "import" -> importModule(body);
      case "from" -> importMembers(body);
      case "assert" -> body.add(assertion());
      default -> body.add(expressionStatement());
    }
  }

  private Stmt jump(Stmt.Jump jump) {
    if (jump != Stmt.Jump.PASS && loops == 0) {
      throw error("'" + peek().text() + "' outside loop");
    }
    at++;
    return jump;
  }

  private Stmt returned() {
    if (function == null) {
      throw error("'return' outside function");
    }
    at++;
    function.returns = true;
    return new Stmt.Return(endsStatement() ? null : expressions());
  }

  private Stmt assertion() {
    at++;
    Expr test = expression();
    if (accept(",")) {
      expression();
    }
    return new Stmt.Assert(test);
  }

  private void importModule(List<Stmt> body) {
    at++;
    do {
      String module = name();
      body.add(new Stmt.Import(module, null, local(accept("as") ? name() : module)));
    } while (accept(","));
  }

  private void importMembers(List<Stmt> body) {
    at++;
    String module = name();
    expect("import");
    if (peek().is("*")) {
      throw Stop.unsupported("import *");
    }
    do {
      String member = name();
      body.add(new Stmt.Import(module, member, local(accept("as") ? name() : member)));
    } while (accept(","));
  }

  private String local(String name) {
    if (function != null) {
      function.locals.add(name);
    }
    return name;
  }

  private Stmt expressionStatement() {
    Expr first = expressions();
    Token token = peek();
    if (accept(":")) {
      assignable(first);
      expression();
      return accept("=") ? new Stmt.Assign(List.of(first), expressions()) : Stmt.Jump.PASS;
    }
    if (token.kind() == Kind.OPERATOR && token.text().endsWith("=") && token.text().length() > 1) {
      Operator operator = Operator.of(token.text().substring(0, token.text().length() - 1));
      if (operator != null) {
        at++;
        if (first instanceof Expr.ListDisplay || first instanceof Expr.TupleDisplay) {
          throw error("illegal target for augmented assignment");
        }
        assignable(first);
        return new Stmt.Augment(first, operator, expressions());
      }
    }
    if (!token.is("=")) {
      return new Stmt.Evaluate(first);
    }
    List<Expr> targets = new ArrayList<>();
    Expr value = first;
    while (accept("=")) {
      assignable(value);
      targets.add(value);
      value = expressions();
    }
    return new Stmt.Assign(targets, value);
  }

  /** Checks that the expression can be assigned to, and notes the names it binds. */
  private void assignable(Expr target) {
    switch (target) {
      case Expr.Name name -> local(name.id());
      case Expr.Index _, Expr.Slice _ -> {}
      case Expr.TupleDisplay tuple -> tuple.elements().forEach(this::assignable);
      case Expr.ListDisplay list -> list.elements().forEach(this::assignable);
      default -> throw error("cannot assign to this expression");
    }
  }

  private Stmt define() {
    at++;
    String name = local(name());
    expect("(");
    List<Stmt.Parameter> parameters = parameters();
    expect(")");
    if (accept("->")) {
      expression();
    }
    Function outer = function;
    int outerLoops = loops;
    Function inner = new Function();
    function = inner;
    loops = 0;
    parameters.forEach(p -> inner.locals.add(p.name()));
    List<Stmt> body = block();
    function = outer;
    loops = outerLoops;
    return new Stmt.Define(name, parameters, body, inner.locals, inner.returns);
  }

  private List<Stmt.Parameter> parameters() {
    List<Stmt.Parameter> parameters = new ArrayList<>();
    Set<String> names = new HashSet<>();
    boolean defaults = false;
    while (!peek().is(")")) {
      if (peek().is("*") || peek().is("**") || peek().is("/")) {
        throw Stop.unsupported("star parameters");
      }
      String name = name();
      if (!names.add(name)) {
        throw error("duplicate argument '" + name + "' in function definition");
      }
      if (accept(":")) {
        expression();
      }
      Expr value = accept("=") ? expression() : null;
      if (value == null && defaults) {
        throw error("non-default argument follows default argument");
      }
      defaults |= value != null;
      parameters.add(new Stmt.Parameter(name, value));
      if (!accept(",")) {
        break;
      }
    }
    return parameters;
  }

  private Stmt conditional() {
    List<Stmt.Branch> branches = new ArrayList<>();
    do {
      at++;
      Expr test = expression();
      branches.add(new Stmt.Branch(test, block()));
    } while (peek().is("elif"));
    return new Stmt.If(branches, otherwise());
  }

  private List<Stmt> otherwise() {
    return accept("else") ? block() : List.of();
  }

  private Stmt whileLoop() {
    at++;
    Expr test = expression();
    loops++;
    List<Stmt> body = block();
    loops--;
    return new Stmt.While(test, body, otherwise());
  }

  private Stmt forLoop() {
    at++;
    Expr target = targets();
    expect("in");
    Expr iterable = expressions();
    loops++;
    List<Stmt> body = block();
    loops--;
    return new Stmt.For(target, iterable, body, otherwise());
  }

  /** The targets of a {@code for}, which end before {@code in}. */
  private Expr targets() {
    Expr first = arithmetic(0);
    if (peek().is(",")) {
      List<Expr> elements = new ArrayList<>(List.of(first));
      while (accept(",") && !peek().is("in")) {
        elements.add(arithmetic(0));
      }
      first = new Expr.TupleDisplay(elements);
    }
    assignable(first);
    return first;
  }

  private List<Stmt> block() {
    expect(":");
    List<Stmt> body = new ArrayList<>();
    if (peek().kind() != Kind.NEWLINE) {
      simpleLine(body);
      return body;
    }
    at++;
    if (peek().kind() != Kind.INDENT) {
      throw error("expected an indented block");
    }
    at++;
    nest();
    while (peek().kind() != Kind.DEDENT && peek().kind() != Kind.END) {
      statement(body);
    }
    unnest();
    if (peek().kind() == Kind.DEDENT) {
      at++;
    }
    return body;
  }

  // Expressions, loosest first

  /** One expression, or a tuple of several without brackets. */
  private Expr expressions() {
    Expr first = expression();
    if (!peek().is(",")) {
      return first;
    }
    List<Expr> elements = new ArrayList<>(List.of(first));
    while (accept(",") && !endsExpressions()) {
      elements.add(expression());
    }
    return new Expr.TupleDisplay(elements);
  }

  private boolean endsStatement() {
    Token token = peek();
    return token.kind() == Kind.NEWLINE || token.kind() == Kind.END || token.is(";");
  }

  private boolean endsExpressions() {
    Token token = peek();
    return endsStatement()
        || token.is("=")
        || token.is(")")
        || token.is("]")
        || token.is("}")
        || token.is(":")
        || token.is("in");
  }

  private Expr expression() {
    nest();
    Expr value = disjunction();
    if (accept("if")) {
      Expr test = disjunction();
      expect("else");
      value = new Expr.Conditional(test, value, expression());
    }
    unnest();
    return value;
  }

  private Expr disjunction() {
    Expr first = conjunction();
    if (!peek().is("or")) {
      return first;
    }
    List<Expr> operands = new ArrayList<>(List.of(first));
    while (accept("or")) {
      operands.add(conjunction());
    }
    return new Expr.Logical(false, operands);
  }

  private Expr conjunction() {
    Expr first = inversion();
    if (!peek().is("and")) {
      return first;
    }
    List<Expr> operands = new ArrayList<>(List.of(first));
    while (accept("and")) {
      operands.add(inversion());
    }
    return new Expr.Logical(true, operands);
  }

  private Expr inversion() {
    if (!accept("not")) {
      return comparison();
    }
    nest();
    Expr operand = inversion();
    unnest();
    return new Expr.Unary('!', operand);
  }

  private Expr comparison() {
    Expr first = arithmetic(0);
    String operator = comparisonOperator();
    if (operator == null) {
      return first;
    }
    List<String> operators = new ArrayList<>();
    List<Expr> rest = new ArrayList<>();
    while (operator != null) {
      operators.add(operator);
      rest.add(arithmetic(0));
      operator = comparisonOperator();
    }
    return new Expr.Compare(first, operators, rest);
  }

  private @Nullable String comparisonOperator() {
    Token token = peek();
    switch (token.kind() == Kind.OPERATOR || token.kind() == Kind.NAME ? token.text() : "") {
      case "<", ">", "<=", ">=", "==", "!=", "in" -> {
        at++;
        return token.text();
      }
      case "is" -> {
        at++;
        return accept("not") ? "is not" : "is";
      }
      case "not" -> {
        at++;
        expect("in");
        return "not in";
      }
      default -> {
        return null;
      }
    }
  }

  /** Left-associative operators of at least this precedence. */
  private Expr arithmetic(int precedence) {
    Expr left = unary();
    while (true) {
      Token token = peek();
      Operator operator = token.kind() == Kind.OPERATOR ? Operator.of(token.text()) : null;
      if (operator == null || operator == Operator.POWER || operator.precedence <= precedence) {
        if (token.kind() == Kind.OPERATOR && "@&|^<<>>".contains(token.text()) && isBit(token)) {
          throw Stop.unsupported("operator " + token.text());
        }
        return left;
      }
      at++;
      left = new Expr.Binary(operator, left, arithmetic(operator.precedence));
    }
  }

  private static boolean isBit(Token token) {
    return switch (token.text()) {
      case "@", "&", "|", "^", "<<", ">>" -> true;
      default -> false;
    };
  }

  private Expr unary() {
    Token token = peek();
    if (token.is("-") || token.is("+") || token.is("~")) {
      at++;
      nest();
      Expr operand = unary();
      unnest();
      if (token.is("-") && operand instanceof Expr.Literal(Long value)) {
        return new Expr.Literal(-value);
      }
      return new Expr.Unary(token.text().charAt(0), operand);
    }
    return power();
  }

  /** {@code **} binds tighter than a sign on its left, looser than one on its right. */
  private Expr power() {
    Expr base = postfix();
    if (!accept("**")) {
      return base;
    }
    nest();
    Expr exponent = unary();
    unnest();
    return new Expr.Binary(Operator.POWER, base, exponent);
  }

  private Expr postfix() {
    Expr target = atom();
    int links = 0;
    while (true) {
      if (accept("(")) {
        target = call(target);
      } else if (accept("[")) {
        target = subscript(target);
      } else if (accept(".")) {
        target = new Expr.Attribute(target, name());
      } else {
        depth -= links;
        return target;
      }
      nest();
      links++;
    }
  }

  private Expr call(Expr callee) {
    List<Expr> arguments = new ArrayList<>();
    List<Expr.Keyword> keywords = new ArrayList<>();
    while (!peek().is(")")) {
      if (peek().is("*") || peek().is("**")) {
        throw Stop.unsupported("star arguments");
      }
      if (peek().kind() == Kind.NAME && tokens.get(at + 1).is("=")) {
        String name = name();
        at++;
        keywords.add(new Expr.Keyword(name, expression()));
      } else if (keywords.isEmpty()) {
        Expr value = expression();
        arguments.add(peek().is("for") ? comprehension(value) : value);
      } else {
        throw error("positional argument follows keyword argument");
      }
      if (!accept(",")) {
        break;
      }
    }
    expect(")");
    return new Expr.Call(callee, arguments, keywords);
  }

  private Expr subscript(Expr target) {
    Expr from = peek().is(":") ? null : expressions();
    if (!accept(":")) {
      expect("]");
      if (from == null) {
        throw error("invalid syntax");
      }
      return new Expr.Index(target, from);
    }
    Expr to = peek().is(":") || peek().is("]") ? null : expression();
    Expr step = accept(":") && !peek().is("]") ? expression() : null;
    expect("]");
    return new Expr.Slice(target, from, to, step);
  }

  private Expr atom() {
    Token token = peek();
    switch (token.kind()) {
      case NUMBER -> {
        at++;
        return new Expr.Literal(value(token));
      }
      case STRING, FORMATTED -> {
        return strings();
      }
      case NAME -> {
        return nameOrConstant();
      }
      default -> {}
    }
    if (accept("(")) {
      return bracketed();
    }
    if (accept("[")) {
      return list();
    }
    if (token.is("{") || token.is("...")) {
      throw Stop.unsupported(token.text());
    }
    throw error("invalid syntax");
  }

  private Expr nameOrConstant() {
    Token token = peek();
    at++;
    return switch (token.text()) {
      case "True" -> new Expr.Literal(true);
      case "False" -> new Expr.Literal(false);
      case "None" -> new Expr.Literal(None.NONE);
      default -> {
        if (KEYWORDS.contains(token.text())) {
          at--;
          if (UNSUPPORTED.contains(token.text())) {
            throw Stop.unsupported(token.text());
          }
          throw error("invalid syntax");
        }
        yield new Expr.Name(token.text());
      }
    };
  }

  private Expr bracketed() {
    if (accept(")")) {
      return new Expr.TupleDisplay(List.of());
    }
    Expr first = expression();
    if (peek().is("for")) {
      throw Stop.unsupported("generator outside a call");
    }
    if (!peek().is(",")) {
      expect(")");
      return first;
    }
    List<Expr> elements = new ArrayList<>(List.of(first));
    while (accept(",") && !peek().is(")")) {
      elements.add(expression());
    }
    expect(")");
    return new Expr.TupleDisplay(elements);
  }

  private Expr list() {
    List<Expr> elements = new ArrayList<>();
    while (!peek().is("]")) {
      elements.add(expression());
      if (peek().is("for") && elements.size() == 1) {
        Expr comprehension = comprehension(elements.getFirst());
        expect("]");
        return comprehension;
      }
      if (!accept(",")) {
        break;
      }
    }
    expect("]");
    return new Expr.ListDisplay(elements);
  }

  /** The variables of a comprehension are its own: they do not become locals of the function. */
  private Expr comprehension(Expr element) {
    Function outer = function;
    function = new Function();
    List<Expr.Clause> clauses = new ArrayList<>();
    while (accept("for")) {
      Expr target = targets();
      expect("in");
      Expr iterable = disjunction();
      List<Expr> tests = new ArrayList<>();
      while (accept("if")) {
        tests.add(disjunction());
      }
      clauses.add(new Expr.Clause(target, iterable, tests));
    }
    function = outer;
    return new Expr.Comprehension(element, clauses);
  }

  // Strings

  /** Adjacent strings are one; a formatted one among them makes the whole formatted. */
  private Expr strings() {
    StringBuilder text = new StringBuilder();
    List<Expr.Part> parts = new ArrayList<>();
    boolean formatted = false;
    while (peek().kind() == Kind.STRING || peek().kind() == Kind.FORMATTED) {
      Token token = peek();
      at++;
      if (token.kind() == Kind.STRING) {
        text.append(value(token));
      } else {
        formatted = true;
        FormattedText reader =
            new FormattedText(token.text(), (Boolean) value(token), token.line());
        reader.read(text, parts, false);
      }
    }
    if (!formatted) {
      return new Expr.Literal(text.toString());
    }
    if (!text.isEmpty()) {
      parts.add(new Expr.Part(text.toString(), null, 's', null));
    }
    return new Expr.Formatted(parts);
  }

  /** Reads the body of a formatted string. */
  private final class FormattedText {
    private final String body;
    private final boolean raw;
    private final int line;
    private int i;

    FormattedText(String body, boolean raw, int line) {
      this.body = body;
      this.raw = raw;
      this.line = line;
    }

    void read(StringBuilder text, List<Expr.Part> parts, boolean inSpec) {
      int start = i;
      while (i < body.length() && !(inSpec && body.charAt(i) == '}')) {
        char c = body.charAt(i);
        if (c != '{' && c != '}') {
          i++;
          continue;
        }
        text.append(plain(start, i));
        if (!inSpec && i + 1 < body.length() && body.charAt(i + 1) == c) {
          text.append(c);
          i += 2;
        } else if (c == '{') {
          if (!text.isEmpty()) {
            parts.add(new Expr.Part(text.toString(), null, 's', null));
            text.setLength(0);
          }
          parts.add(field(inSpec));
        } else {
          throw Stop.syntax("f-string: single '}' is not allowed", line, false);
        }
        start = i;
      }
      text.append(plain(start, i));
    }

    private String plain(int from, int to) {
      String piece = body.substring(from, to);
      return raw ? piece : Lexer.unescape(piece);
    }

    private Expr.Part field(boolean inSpec) {
      int start = ++i;
      int end = endOfExpression();
      String source = body.substring(start, end);
      if (source.indexOf('\\') >= 0 || source.indexOf('#') >= 0) {
        throw Stop.syntax("f-string expression cannot include a backslash or '#'", line, false);
      }
      nest();
      Expr value = nested(source);
      unnest();
      char conversion = 's';
      boolean converted = false;
      if (current() == '!') {
        conversion = i + 1 < body.length() ? body.charAt(i + 1) : ' ';
        if (conversion != 's' && conversion != 'r' && conversion != 'a') {
          throw Stop.syntax("f-string: invalid conversion character", line, false);
        }
        converted = true;
        i += 2;
      }
      Expr.Formatted spec = null;
      if (current() == ':') {
        if (inSpec) {
          throw Stop.syntax("f-string: expressions nested too deeply", line, false);
        }
        i++;
        spec = spec();
      }
      if (current() != '}') {
        throw Stop.syntax("f-string: expecting '}'", line, false);
      }
      i++;
      return new Expr.Part("", value, converted ? conversion : ' ', spec);
    }

    private Expr.Formatted spec() {
      StringBuilder text = new StringBuilder();
      List<Expr.Part> parts = new ArrayList<>();
      read(text, parts, true);
      if (!text.isEmpty()) {
        parts.add(new Expr.Part(text.toString(), null, 's', null));
      }
      return new Expr.Formatted(parts);
    }

    private char current() {
      return i < body.length() ? body.charAt(i) : '\0';
    }

    /**
     * Finds the end of the expression: {@code !}, {@code :} or a closing brace outside brackets.
     */
    private int endOfExpression() {
      int open = 0;
      char quote = 0;
      for (; i < body.length(); i++) {
        char c = body.charAt(i);
        if (quote != 0) {
          quote = c == quote ? 0 : quote;
        } else if (c == '\'' || c == '"') {
          quote = c;
        } else if (c == '(' || c == '[' || c == '{') {
          open++;
        } else if (open > 0 && (c == ')' || c == ']' || c == '}')) {
          open--;
        } else if (open == 0 && (c == '}' || c == ':' || c == '!' && !isNotEqual())) {
          return i;
        }
      }
      throw Stop.syntax("f-string: expecting '}'", line, false);
    }

    private boolean isNotEqual() {
      return i + 1 < body.length() && body.charAt(i + 1) == '=';
    }

    private Expr nested(String source) {
      if (source.isBlank()) {
        throw Stop.syntax("f-string: empty expression not allowed", line, false);
      }
      if (source.stripTrailing().endsWith("=")) {
        throw Stop.unsupported("f-string with =");
      }
      Parser parser = new Parser(Lexer.expression(source, budget, line), budget, depth);
      parser.function = function;
      Expr value = parser.expressions();
      if (parser.peek().kind() != Kind.END) {
        throw Stop.syntax("f-string: invalid syntax", line, false);
      }
      return value;
    }
  }

  // Tokens

  private Token peek() {
    return tokens.get(at);
  }

  private boolean accept(String text) {
    if (peek().is(text)) {
      at++;
      return true;
    }
    return false;
  }

  private void expect(String text) {
    if (!accept(text)) {
      throw error("expected '" + text + "'");
    }
  }

  private void expect(Kind kind, String what) {
    if (peek().kind() != kind) {
      throw error("expected " + what);
    }
    at++;
  }

  private String name() {
    Token token = peek();
    if (token.kind() != Kind.NAME || KEYWORDS.contains(token.text())) {
      throw error("expected a name");
    }
    at++;
    return token.text();
  }

  private static Object value(Token token) {
    Object value = token.value();
    if (value == null) {
      throw new IllegalStateException("token without a value: " + token);
    }
    return value;
  }

  private void nest() {
    if (++depth > budget.limits().nesting()) {
      throw Stop.overBudget("nesting");
    }
  }

  private void unnest() {
    depth--;
  }

  /** An error at the current token; at the end if no token of the text follows it. */
  private Stop error(String reason) {
    int last = tokens.size() - 1;
    while (last > 0 && isLayout(tokens.get(last).kind())) {
      last--;
    }
    return Stop.syntax(reason, peek().line(), at >= last);
  }

  private static boolean isLayout(Kind kind) {
    return kind == Kind.END || kind == Kind.DEDENT || kind == Kind.NEWLINE;
  }
}
