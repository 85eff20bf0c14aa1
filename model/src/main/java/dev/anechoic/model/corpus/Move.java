package dev.anechoic.model.corpus;

import dev.anechoic.model.problem.Operation;
import dev.anechoic.model.problem.Term;
import java.math.BigDecimal;
import java.util.List;

/**
 * What can happen in a story. A problem is an opening, some events and an end; the sequence of
 * moves is its family.
 */
enum Move {
  HAS(Kind.OPENING, 0, false) {
    @Override
    boolean tell(Story s) {
      s.value = s.number(s.config.largest());
      s.current = s.given(s.value);
      s.say(s.person + " has {} " + s.object + ".", s.current);
      return true;
    }
  },
  BOXES(Kind.OPENING, 1, false) {
    @Override
    boolean tell(Story s) {
      Term boxes = multiplied(s, s.person + " has {} boxes with {} " + s.object + " each.");
      s.step(s.object, boxes, null, s.person + " has {} = {} " + s.object + ".");
      return true;
    }
  },
  DAYS(Kind.OPENING, 1, false) {
    @Override
    boolean tell(Story s) {
      Term days = multiplied(s, "For {} days " + s.person + " gets {} " + s.object + " per day.");
      s.step(s.object, days, null, s.person + " gets {} = {} " + s.object + ".");
      return true;
    }
  },
  TIMES(Kind.OPENING, 1, false) {
    @Override
    boolean tell(Story s) {
      int times = s.factor(s.config.largestFactor());
      String first = start(s, s.config.largestValue() / (times + 1));
      Term.Given factor = s.given(times);
      s.say(s.person + " has {} times as many " + s.object + " as " + first + ".", factor);
      compare(s, Operation.MULTIPLY, factor);
      return true;
    }
  },
  MORE(Kind.OPENING, 1, false) {
    @Override
    boolean tell(Story s) {
      String first = start(s, s.config.largest());
      Term.Given more = s.given(s.number(s.config.largest()));
      s.say(s.person + " has {} more " + s.object + " than " + first + ".", more);
      compare(s, Operation.ADD, more);
      return true;
    }
  },
  FEWER(Kind.OPENING, 1, false) {
    @Override
    boolean tell(Story s) {
      String first = start(s, s.config.largest());
      if (s.otherValue <= s.config.smallest()) {
        return false;
      }
      Term.Given fewer = s.given(s.number(s.otherValue - 1));
      s.say(s.person + " has {} fewer " + s.object + " than " + first + ".", fewer);
      compare(s, Operation.SUBTRACT, fewer);
      return true;
    }
  },
  GETS(Kind.EVENT, 1, false) {
    @Override
    boolean tell(Story s) {
      int room = s.config.largestValue() - s.value;
      if (room < s.config.smallest()) {
        return false;
      }
      Term.Given more = s.given(s.number(room));
      String verb = s.draws.pick(List.of("buys", "finds", "gets"));
      s.say(s.pronoun + " " + verb + " {} more " + s.object + ".", more);
      String has = " has {} = {} " + s.object + ".";
      s.step("total", Operation.ADD, s.current, more, s.person + has);
      return true;
    }
  },
  LOSES(Kind.EVENT, 1, false) {
    @Override
    boolean tell(Story s) {
      if (s.value <= s.config.smallest()) {
        return false;
      }
      Term.Given fewer = s.given(s.number(s.value - 1));
      String verb = s.draws.pick(List.of("loses", "sells", "gives away"));
      s.say(s.pronoun + " " + verb + " {} " + s.object + ".", fewer);
      s.step("left", Operation.SUBTRACT, s.current, fewer, LEFT.formatted(s.object));
      return true;
    }
  },
  BUYS_BAGS(Kind.EVENT, 2, false) {
    @Override
    boolean tell(Story s) {
      int room = s.config.largestValue() - s.value;
      int bags = s.factor(s.config.largestFactor());
      if (room / bags < s.config.smallest()) {
        return false;
      }
      Term.Leaf before = s.current;
      Term.Given number = s.given(bags);
      Term.Given each = s.given(s.number(room / bags));
      s.say(s.pronoun + " buys {} bags with {} " + s.object + " each.", number, each);
      s.step("bought", Operation.MULTIPLY, number, each, "The bags hold {} = {}.");
      String has = " has {} = {} " + s.object + ".";
      s.step("total", Operation.ADD, before, s.current, s.person + has);
      return true;
    }
  },
  GIVES_EACH(Kind.EVENT, 2, true) {
    @Override
    boolean tell(Story s) {
      int friends = s.factor(s.config.largestFactor());
      int most = (s.value - 1) / friends;
      if (most < s.config.smallest()) {
        return false;
      }
      Term.Leaf before = s.current;
      Term.Given each = s.given(s.number(most));
      Term.Given number = s.given(friends);
      s.say(s.pronoun + " gives {} " + s.object + " to each of {} friends.", each, number);
      Term misreading = new Term.Binary(Operation.ADD, each, number);
      Term term = new Term.Binary(Operation.MULTIPLY, each, number);
      s.step("given", term, misreading, s.pronoun + " gives {} = {}.");
      s.step("left", Operation.SUBTRACT, before, s.current, LEFT.formatted(s.object));
      return true;
    }
  },
  HALF(Kind.EVENT, 1, true) {
    @Override
    boolean tell(Story s) {
      if (s.value % 2 != 0 || s.value < 6) {
        return false;
      }
      s.say(
          s.pronoun
              + " "
              + s.draws.pick(List.of("gives away", "sells", "loses"))
              + " half of them.");
      Term.Constant two = new Term.Constant(BigDecimal.TWO);
      Term misreading = new Term.Binary(Operation.SUBTRACT, s.current, two);
      Term term = new Term.Binary(Operation.DIVIDE, s.current, two);
      s.step("left", term, misreading, LEFT.formatted(s.object));
      return true;
    }
  },
  SHARES(Kind.END, 1, false) {
    @Override
    boolean tell(Story s) {
      int bags = s.factor(s.config.largestFactor());
      if (s.value % bags != 0 || s.value / bags < 2) {
        return false;
      }
      Term.Given number = s.given(bags);
      s.say(s.pronoun + " puts them into {} bags equally.", number);
      s.say("How many " + s.object + " are in each bag?");
      s.step("each", Operation.DIVIDE, s.current, number, "Each bag has {} = {}.");
      return true;
    }
  },
  EARNS(Kind.END, 1, false) {
    @Override
    boolean tell(Story s) {
      int most = s.config.largestValue() / s.value;
      if (most < 2) {
        return false;
      }
      Term.Given price = s.given(s.factor(most));
      s.say(s.pronoun + " sells them for {} dollars each.", price);
      s.say("How many dollars does " + s.person + " get?");
      String gets = " gets {} = {} dollars.";
      s.step("money", Operation.MULTIPLY, s.current, price, s.person + gets);
      return true;
    }
  },
  TOGETHER(Kind.END, 1, false) {
    @Override
    boolean tell(Story s) {
      Term.Leaf other = s.other;
      if (other == null || s.otherValue + s.value > s.config.largestValue()) {
        return false;
      }
      s.say("How many " + s.object + " do they have together now?");
      String have = "Together they have {} = {} " + s.object + ".";
      s.step("both", Operation.ADD, other, s.current, have);
      return true;
    }
  },
  NOW(Kind.END, 0, false) {
    @Override
    boolean tell(Story s) {
      s.say("How many " + s.object + " does " + s.person + " have now?");
      return true;
    }
  };

  enum Kind {
    OPENING,
    EVENT,
    END
  }

  private static final String LEFT = "{} = {} %s are left.";

  final Kind kind;
  final int steps;
  final boolean trap;

  Move(Kind kind, int steps, boolean trap) {
    this.kind = kind;
    this.steps = steps;
    this.trap = trap;
  }

  /**
   * Tells what happens.
   *
   * @return false if it cannot happen with the present amount; the story is then spoilt
   */
  abstract boolean tell(Story story);

  /** States a number of groups and the size of each, in this order. */
  private static Term multiplied(Story s, String sentence) {
    int groups = s.factor(s.config.largestFactor());
    Term.Given number = s.given(groups);
    Term.Given each = s.given(s.number(s.config.largestValue() / groups));
    s.say(sentence, number, each);
    return new Term.Binary(Operation.MULTIPLY, number, each);
  }

  /** States the amount of a first person and turns to a second; gives the first one's name. */
  private static String start(Story s, int most) {
    String first = s.person;
    s.otherValue = s.number(most);
    Term.Given amount = s.given(s.otherValue);
    s.other = amount;
    s.say(first + " has {} " + s.object + ".", amount);
    s.turnTo(s.newPerson());
    return first;
  }

  private static void compare(Story s, Operation operation, Term.Given number) {
    Term.Leaf other = s.other;
    if (other == null) {
      throw new IllegalStateException("nobody to compare with");
    }
    s.step(s.object, operation, other, number, s.person + " has {} = {} " + s.object + ".");
  }
}
