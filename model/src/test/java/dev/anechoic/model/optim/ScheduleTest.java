package dev.anechoic.model.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ScheduleTest {
  @Test
  void cosineRisesThenFallsToItsFinalFraction() {
    Schedule schedule = new Schedule(Schedule.Kind.COSINE, 2, 10, 110, 0.1);
    assertEquals(0.2, schedule.lr(1), 1e-12);
    assertEquals(2, schedule.lr(10), 1e-12);
    assertEquals(2 * 0.55, schedule.lr(60), 1e-12);
    assertEquals(0.2, schedule.lr(110), 1e-12);
  }

  @Test
  void linearFallsInAStraightLineAndConstantStays() {
    Schedule linear = new Schedule(Schedule.Kind.LINEAR, 1, 0, 100, 0);
    assertEquals(0.75, linear.lr(25), 1e-12);
    assertEquals(0, linear.lr(100), 1e-12);
    Schedule constant = new Schedule(Schedule.Kind.CONSTANT, 1, 4, 100, 0);
    assertEquals(0.5, constant.lr(2), 1e-12);
    assertEquals(1, constant.lr(100), 1e-12);
  }
}
