package dev.anechoic.model.python;

import dev.anechoic.model.python.Sequence.PyList;
import dev.anechoic.model.python.Sequence.PyTuple;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Walks the tree of a program. One instance per run. */
final class Evaluator {

  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE,
    RETURN
  }

  private static final int CALL_BYTES = 200;

  /** A call takes as much of the stack as so many nested evaluations. */
  private static final int CALL_DEPTH = 4;

  private final Budget budget;
  private final Calls calls;
  private final Scope module = new Scope(Set.of(), null);
  private Scope scope = module;
  private Object returned = None.NONE;
  private @Nullable Object shown;

  Evaluator(Budget budget) {
    this.budget = budget;
    this.calls = new Calls(budget);
  }

  void runModule(List<Stmt> body) {
    run(body);
  }

  /** The value last shown at module level, by an expression on a line of its own or by print. */
  @Nullable Object shown() {
    return shown;
  }

  /** Calls a function that the module defined. */
  Object callByName(String name) {
    return call(scope.read(name), List.of(), List.of());
  }

  private Flow run(List<Stmt> body) {
    for (int i = 0; i < body.size(); i++) {
      Flow flow = run(body.get(i));
      if (flow != Flow.NEXT) {
        return flow;
      }
    }
    return Flow.NEXT;
  }

  private Flow run(Stmt statement) {
    budget.step();
    switch (statement) {
      case Stmt.Assign(List<Expr> targets, Expr value) -> {
        Object result = value(value);
        for (Expr target : targets) {
          assign(target, result);
        }
      }
      case Stmt.Return(Expr value) -> {
        returned = value == null ? None.NONE : value(value);
        return Flow.RETURN;
      }
      case Stmt.Evaluate(Expr value) -> evaluate(value);
      case Stmt.Augment augment -> augment(augment);
      case Stmt.If conditional -> {
        return choose(conditional);
      }
      case Stmt.While loop -> {
        return loop(loop);
      }
      case Stmt.For loop -> {
        return loop(loop);
      }
      case Stmt.Define definition -> define(definition);
      case Stmt.Import(String source, String member, String name) ->
          scope.write(name, imported(source, member));
      case Stmt.Assert(Expr test) -> {
        if (!Values.truth(value(test))) {
          throw Stop.raise("AssertionError", "");
        }
      }
      case Stmt.Jump jump -> {
        return switch (jump) {
          case BREAK -> Flow.BREAK;
          case CONTINUE -> Flow.CONTINUE;
          case PASS -> Flow.NEXT;
        };
      }
    }
    return Flow.NEXT;
  }

  private void evaluate(Expr expression) {
    Object result = value(expression);
    if (scope == module && result != None.NONE) {
      shown = result;
    }
  }

  private static Object imported(String source, @Nullable String member) {
    if (!source.equals("math")) {
      throw Stop.unsupported("import " + source);
    }
    return member == null ? Builtin.MATH : Builtin.mathMember(member);
  }

  private Flow choose(Stmt.If conditional) {
    for (Stmt.Branch branch : conditional.branches()) {
      if (Values.truth(value(branch.test()))) {
        return nested(branch.body());
      }
    }
    return nested(conditional.otherwise());
  }

  private Flow nested(List<Stmt> body) {
    budget.enter(1);
    Flow flow = run(body);
    budget.leave(1);
    return flow;
  }

  private Flow loop(Stmt.While loop) {
    while (Values.truth(value(loop.test()))) {
      Flow flow = nested(loop.body());
      if (flow == Flow.BREAK) {
        return Flow.NEXT;
      }
      if (flow == Flow.RETURN) {
        return flow;
      }
    }
    return nested(loop.otherwise());
  }

  private Flow loop(Stmt.For loop) {
    Iteration elements = new Iteration(value(loop.iterable()));
    for (Object item = elements.next(); item != null; item = elements.next()) {
      budget.step();
      assign(loop.target(), item);
      Flow flow = nested(loop.body());
      if (flow == Flow.BREAK) {
        return Flow.NEXT;
      }
      if (flow == Flow.RETURN) {
        return flow;
      }
    }
    return nested(loop.otherwise());
  }

  /** Goes over an iterable; a list that grows meanwhile is followed, as in Python. */
  private static final class Iteration {
    private final Object iterable;
    private long at;

    Iteration(Object iterable) {
      if (!(iterable instanceof Sequence
          || iterable instanceof Range
          || iterable instanceof String)) {
        throw Stop.typeError("'" + Values.typeName(iterable) + "' object is not iterable");
      }
      this.iterable = iterable;
    }

    /** The next element, or null at the end. */
    @Nullable Object next() {
      long i = at++;
      return switch (iterable) {
        case Range r -> i < r.size() ? r.at(i) : null;
        case Sequence s -> i < s.items().size() ? s.items().get((int) i) : null;
        case String s -> i < s.length() ? String.valueOf(s.charAt((int) i)) : null;
        default -> throw new IllegalStateException();
      };
    }
  }

  private void define(Stmt.Define definition) {
    List<Object> defaults = new ArrayList<>();
    for (Stmt.Parameter parameter : definition.parameters()) {
      if (parameter.defaultValue() != null) {
        defaults.add(value(parameter.defaultValue()));
      }
    }
    scope.write(definition.name(), new Function(definition, defaults, scope));
  }

  private void assign(Expr target, Object value) {
    switch (target) {
      case Expr.Name name -> scope.write(name.id(), value);
      case Expr.TupleDisplay tuple -> unpack(tuple.elements(), value);
      case Expr.ListDisplay list -> unpack(list.elements(), value);
      case Expr.Index(Expr container, Expr index) -> {
        Object list = value(container);
        store(list, value(index), value);
      }
      default -> throw Stop.unsupported("assignment to a slice");
    }
  }

  private static void store(Object container, Object index, Object value) {
    if (!(container instanceof PyList list)) {
      throw Stop.typeError(
          "'" + Values.typeName(container) + "' object does not support item assignment");
    }
    if (!Values.isInteger(index)) {
      throw Stop.typeError("list indices must be integers or slices");
    }
    int size = list.items().size();
    int place = Calls.position(Values.index(index), size, "list assignment index out of range");
    list.items().set(place, value);
  }

  private void unpack(List<Expr> targets, Object value) {
    List<Object> items = value instanceof Sequence s ? s.items() : calls.items(value);
    if (items.size() != targets.size()) {
      throw Stop.valueError(
          items.size() > targets.size()
              ? "too many values to unpack (expected " + targets.size() + ")"
              : "not enough values to unpack (expected " + targets.size() + ")");
    }
    List<Object> fixed = List.copyOf(items);
    for (int i = 0; i < targets.size(); i++) {
      assign(targets.get(i), fixed.get(i));
    }
  }

  private void augment(Stmt.Augment augment) {
    switch (augment.target()) {
      case Expr.Name name -> {
        Object before = scope.readLocal(name.id());
        scope.write(name.id(), augmented(augment, before));
      }
      case Expr.Index(Expr container, Expr index) -> {
        Object list = value(container);
        Object place = value(index);
        store(list, place, augmented(augment, item(list, place)));
      }
      default -> throw Stop.unsupported("augmented assignment to this target");
    }
  }

  /** {@code +=} extends a list in place, so that other names of it see the change. */
  private Object augmented(Stmt.Augment augment, Object before) {
    Object operand = value(augment.value());
    if (augment.operator() == Operator.ADD && before instanceof PyList list) {
      calls.method(list, "extend", List.of(operand));
      return list;
    }
    if (augment.operator() == Operator.MULTIPLY && before instanceof PyList) {
      throw Stop.unsupported("*= of a list");
    }
    return Values.binary(augment.operator(), before, operand, budget);
  }

  // Expressions

  private Object value(Expr expression) {
    budget.step();
    budget.enter(1);
    Object value =
        switch (expression) {
          case Expr.Literal(Object literal) -> literal;
          case Expr.Name(String id) -> scope.read(id);
          case Expr.Binary(Operator operator, Expr left, Expr right) -> {
            Object a = value(left);
            yield Values.binary(operator, a, value(right), budget);
          }
          case Expr.Unary(char operator, Expr operand) -> unary(operator, value(operand));
          case Expr.Call call -> call(call);
          case Expr.Compare compare -> compare(compare);
          case Expr.Logical logical -> logical(logical);
          case Expr.Conditional(Expr test, Expr yes, Expr no) ->
              Values.truth(value(test)) ? value(yes) : value(no);
          case Expr.Index(Expr target, Expr index) -> {
            Object container = value(target);
            yield item(container, value(index));
          }
          case Expr.Slice slice -> slice(slice);
          case Expr.ListDisplay(List<Expr> elements) -> new PyList(values(elements));
          case Expr.TupleDisplay(List<Expr> elements) -> new PyTuple(values(elements));
          case Expr.Comprehension comprehension -> comprehension(comprehension);
          case Expr.Formatted formatted -> formatted(formatted);
          case Expr.Attribute(Expr target, String name) -> attribute(value(target), name);
        };
    budget.leave(1);
    return value;
  }

  private ArrayList<Object> values(List<Expr> expressions) {
    budget.list(expressions.size());
    ArrayList<Object> values = new ArrayList<>(expressions.size());
    for (int i = 0; i < expressions.size(); i++) {
      values.add(value(expressions.get(i)));
    }
    return values;
  }

  private Object unary(char operator, Object operand) {
    if (operator == '!') {
      return !Values.truth(operand);
    }
    Object value = Values.plain(operand);
    if (operator == '~') {
      throw Stop.unsupported("operator ~");
    }
    return switch (value) {
      case Long i when operator == '+' || i != Long.MIN_VALUE -> operator == '+' ? i : (Long) (-i);
      case Long i -> Ints.big(i).negate();
      case Double d -> operator == '+' ? d : (Double) (-d);
      case BigInteger i -> {
        budget.integer(i.bitLength());
        yield operator == '+' ? i : Ints.of(i.negate());
      }
      default -> throw Stop.typeError("bad operand type for unary " + operator);
    };
  }

  private Object compare(Expr.Compare compare) {
    Object left = value(compare.first());
    for (int i = 0; i < compare.operators().size(); i++) {
      Object right = value(compare.rest().get(i));
      if (!holds(compare.operators().get(i), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private boolean holds(String operator, Object left, Object right) {
    return switch (operator) {
      case "==" -> Values.equal(left, right, budget);
      case "!=" -> !Values.equal(left, right, budget);
      case "in" -> Values.contains(right, left, budget);
      case "not in" -> !Values.contains(right, left, budget);
      case "is", "is not" -> operator.equals("is") == same(left, right);
      default -> Values.ordered(operator, left, right, budget);
    };
  }

  /** Identity is only fixed for constants and lists; that of numbers is CPython's own affair. */
  private static boolean same(Object left, Object right) {
    if (left instanceof None || right instanceof None) {
      return left == right;
    }
    if (left instanceof Boolean && right instanceof Boolean) {
      return left.equals(right);
    }
    if (left instanceof PyList || right instanceof PyList) {
      return left == right;
    }
    throw Stop.unsupported("'is' of these values");
  }

  private Object logical(Expr.Logical logical) {
    List<Expr> operands = logical.operands();
    for (int i = 0; i < operands.size() - 1; i++) {
      Object value = value(operands.get(i));
      if (Values.truth(value) != logical.and()) {
        return value;
      }
    }
    return value(operands.getLast());
  }

  private static Object item(Object container, Object index) {
    if (!(container instanceof Sequence
        || container instanceof String
        || container instanceof Range)) {
      throw Stop.typeError("'" + Values.typeName(container) + "' object is not subscriptable");
    }
    if (!Values.isInteger(index)) {
      throw Stop.typeError(Values.typeName(container) + " indices must be integers or slices");
    }
    long i = Values.index(index);
    String message = Values.typeName(container) + " index out of range";
    return switch (container) {
      case Sequence s -> s.items().get(Calls.position(i, s.items().size(), message));
      case String s -> String.valueOf(s.charAt(Calls.position(i, s.length(), message)));
      case Range r -> {
        long place = i < 0 ? i + r.size() : i;
        if (place < 0 || place >= r.size()) {
          throw Stop.raise("IndexError", message);
        }
        yield r.at(place);
      }
      default -> throw new IllegalStateException();
    };
  }

  private Object slice(Expr.Slice slice) {
    Object container = value(slice.target());
    Object from = bound(slice.from());
    Object to = bound(slice.to());
    Object stride = bound(slice.step());
    if (!(container instanceof Sequence || container instanceof String)) {
      throw container instanceof Range
          ? Stop.unsupported("slice of a range")
          : Stop.typeError("'" + Values.typeName(container) + "' object is not subscriptable");
    }
    int size = container instanceof String s ? s.length() : ((Sequence) container).items().size();
    long step = stride == None.NONE ? 1 : Values.index(stride);
    if (step == 0) {
      throw Stop.valueError("slice step cannot be zero");
    }
    long start = clamp(from, step > 0 ? 0 : size - 1, size, step);
    long stop = clamp(to, step > 0 ? size : -1, size, step);
    return container instanceof String text
        ? slice(text, start, stop, step)
        : slice((Sequence) container, start, stop, step);
  }

  private Object bound(@Nullable Expr expression) {
    return expression == null ? None.NONE : value(expression);
  }

  private static long clamp(Object bound, long unset, int size, long step) {
    if (bound == None.NONE) {
      return unset;
    }
    long place = Values.index(bound);
    place = place < 0 ? place + size : place;
    return Math.clamp(place, step > 0 ? 0 : -1, step > 0 ? size : size - 1L);
  }

  private Object slice(Sequence sequence, long start, long stop, long step) {
    ArrayList<Object> items = new ArrayList<>();
    Range places = Range.of(start, stop, step);
    budget.list(places.size() * 2);
    for (long i = 0; i < places.size(); i++) {
      items.add(sequence.items().get((int) places.at(i)));
    }
    return Values.sameKind(sequence, items);
  }

  private Object slice(String text, long start, long stop, long step) {
    Range places = Range.of(start, stop, step);
    budget.text(places.size() * 2);
    StringBuilder out = new StringBuilder((int) places.size());
    for (long i = 0; i < places.size(); i++) {
      out.append(text.charAt((int) places.at(i)));
    }
    return out.toString();
  }

  private Object attribute(Object target, String name) {
    if (target == Builtin.MATH) {
      return Builtin.mathMember(name);
    }
    throw Stop.unsupported("attribute " + name);
  }

  private Object comprehension(Expr.Comprehension comprehension) {
    ArrayList<Object> items = new ArrayList<>();
    Scope outer = scope;
    List<Expr.Clause> clauses = comprehension.clauses();
    Object first = value(clauses.getFirst().iterable());
    scope = new Scope(Set.of(), outer);
    collect(comprehension, 0, first, items);
    scope = outer;
    return new PyList(items);
  }

  private void collect(
      Expr.Comprehension comprehension, int depth, Object iterable, ArrayList<Object> items) {
    Expr.Clause clause = comprehension.clauses().get(depth);
    Iteration elements = new Iteration(iterable);
    for (Object item = elements.next(); item != null; item = elements.next()) {
      budget.step();
      assign(clause.target(), item);
      if (!passes(clause.tests())) {
        continue;
      }
      if (depth + 1 == comprehension.clauses().size()) {
        budget.allocate(8);
        items.add(value(comprehension.element()));
      } else {
        Object inner = value(comprehension.clauses().get(depth + 1).iterable());
        collect(comprehension, depth + 1, inner, items);
      }
    }
  }

  private boolean passes(List<Expr> tests) {
    for (Expr test : tests) {
      if (!Values.truth(value(test))) {
        return false;
      }
    }
    return true;
  }

  private Object formatted(Expr.Formatted formatted) {
    StringBuilder out = new StringBuilder();
    for (Expr.Part part : formatted.parts()) {
      String text = part.value() == null ? part.text() : formatted(part, part.value());
      budget.text(text.length());
      out.append(text);
    }
    return out.toString();
  }

  private String formatted(Expr.Part part, Expr expression) {
    Object value = value(expression);
    if (part.conversion() == 'r' || part.conversion() == 'a') {
      value = Text.repr(value, budget);
    } else if (part.conversion() == 's') {
      value = Text.str(value, budget);
    }
    Expr.Formatted spec = part.spec();
    return Text.format(value, spec == null ? "" : (String) formatted(spec), budget);
  }

  // Calls

  private Object call(Expr.Call call) {
    if (call.callee() instanceof Expr.Attribute(Expr target, String name)) {
      Object object = value(target);
      if (object != Builtin.MATH) {
        if (!call.keywords().isEmpty()) {
          throw Stop.unsupported("keyword arguments of a method");
        }
        return calls.method(object, name, values(call.arguments()));
      }
      return call(Builtin.mathMember(name), values(call.arguments()), call.keywords());
    }
    Object callee = value(call.callee());
    return call(callee, values(call.arguments()), call.keywords());
  }

  private Object call(Object callee, List<Object> arguments, List<Expr.Keyword> keywords) {
    if (callee instanceof Function function) {
      return call(function, arguments, keywords);
    }
    if (!(callee instanceof Builtin builtin)) {
      throw Stop.typeError("'" + Values.typeName(callee) + "' object is not callable");
    }
    if (builtin == Builtin.PRINT) {
      return print(arguments, keywords);
    }
    if (!keywords.isEmpty()) {
      return callWithKeyword(builtin, arguments, keywords);
    }
    return calls.call(builtin, arguments);
  }

  private Object callWithKeyword(
      Builtin builtin, List<Object> arguments, List<Expr.Keyword> keywords) {
    boolean digits = builtin == Builtin.ROUND && keywords.getFirst().name().equals("ndigits");
    boolean start = builtin == Builtin.SUM && keywords.getFirst().name().equals("start");
    if (keywords.size() == 1 && arguments.size() == 1 && (digits || start)) {
      return calls.call(builtin, List.of(arguments.getFirst(), value(keywords.getFirst().value())));
    }
    throw Stop.unsupported("keyword arguments of " + builtin.shown);
  }

  /** Prints nothing. At module level the last argument counts as shown. */
  private Object print(List<Object> arguments, List<Expr.Keyword> keywords) {
    for (Expr.Keyword keyword : keywords) {
      value(keyword.value());
    }
    if (!arguments.isEmpty()) {
      shown = arguments.getLast();
    }
    return None.NONE;
  }

  private Object call(Function function, List<Object> arguments, List<Expr.Keyword> keywords) {
    Stmt.Define definition = function.definition();
    budget.allocate(CALL_BYTES);
    budget.enter(CALL_DEPTH);
    Scope inner = new Scope(definition.locals(), function.enclosing());
    bind(function, arguments, keywords, inner);
    Scope caller = scope;
    scope = inner;
    returned = None.NONE;
    run(definition.body());
    budget.leave(CALL_DEPTH);
    scope = caller;
    Object result = returned;
    returned = None.NONE;
    return result;
  }

  private void bind(
      Function function, List<Object> arguments, List<Expr.Keyword> keywords, Scope inner) {
    List<Stmt.Parameter> parameters = function.definition().parameters();
    String name = function.definition().name();
    if (arguments.size() > parameters.size()) {
      throw Stop.typeError(
          "%s() takes %d positional arguments but %d were given"
              .formatted(name, parameters.size(), arguments.size()));
    }
    for (int i = 0; i < arguments.size(); i++) {
      inner.write(parameters.get(i).name(), arguments.get(i));
    }
    for (Expr.Keyword keyword : keywords) {
      boolean known = parameters.stream().anyMatch(p -> p.name().equals(keyword.name()));
      if (!known || inner.get(keyword.name()) != null) {
        throw Stop.typeError(name + "() got an unexpected argument '" + keyword.name() + "'");
      }
      inner.write(keyword.name(), value(keyword.value()));
    }
    int firstDefault = parameters.size() - function.defaults().size();
    for (int i = 0; i < parameters.size(); i++) {
      if (inner.get(parameters.get(i).name()) == null) {
        if (i < firstDefault) {
          throw Stop.typeError(name + "() missing a required argument");
        }
        inner.write(parameters.get(i).name(), function.defaults().get(i - firstDefault));
      }
    }
  }
}
