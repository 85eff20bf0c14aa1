package dev.anechoic.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * The module picture of {@code docs/architecture.md}, held as rules. Maven's module dependencies
 * say less: they are transitive, and {@code rl} has {@code kernels} on its class path at run time.
 */
@AnalyzeClasses(packages = "dev.anechoic", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String JDK = "java..";
  private static final String JDK_MODULES = "jdk..";
  private static final String JSPECIFY = "org.jspecify.annotations..";
  private static final String TENSOR = "dev.anechoic.tensor..";
  private static final String KERNELS = "dev.anechoic.kernels..";
  private static final String SIMD = "dev.anechoic.kernels.simd..";
  private static final String CUDA = "dev.anechoic.kernels.cuda..";
  private static final String MODEL = "dev.anechoic.model..";
  private static final String RL = "dev.anechoic.rl..";
  private static final String PARQUET = "dev.anechoic.parquet..";
  private static final String BENCH = "dev.anechoic.bench..";
  private static final String JACKSON = "com.fasterxml.jackson.core..";

  @ArchTest
  static final ArchRule tensorNeedsOnlyTheJdk =
      classes()
          .that()
          .resideInAPackage(TENSOR)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(TENSOR, "com.sun.management..", JDK, JDK_MODULES, JSPECIFY);

  @ArchTest
  static final ArchRule kernelsSeeOnlyTensorAndJcuda =
      classes()
          .that()
          .resideInAPackage(KERNELS)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(KERNELS, TENSOR, "jcuda..", JDK, JDK_MODULES, JSPECIFY);

  @ArchTest
  static final ArchRule modelSeesOnlyTensor =
      classes()
          .that()
          .resideInAPackage(MODEL)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(MODEL, TENSOR, JACKSON, "org.tomlj..", JDK, JDK_MODULES, JSPECIFY);

  @ArchTest
  static final ArchRule rlSeesModelAndTensorButNoBackend =
      classes()
          .that()
          .resideInAPackage(RL)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              RL,
              MODEL,
              TENSOR,
              JACKSON,
              "picocli..",
              "com.sun.management..",
              "com.sun.net.httpserver..",
              JDK,
              JDK_MODULES,
              JSPECIFY);

  @ArchTest
  static final ArchRule nothingDependsOnBench =
      noClasses()
          .that()
          .resideOutsideOfPackage(BENCH)
          .should()
          .dependOnClassesThat()
          .resideInAPackage(BENCH);

  @ArchTest
  static final ArchRule nothingDependsOnParquetNorOnItsLibrary =
      noClasses()
          .that()
          .resideOutsideOfPackage(PARQUET)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(PARQUET, "dev.hardwood..");

  @ArchTest
  static final ArchRule onlyTheCudaBackendUsesJcuda =
      noClasses()
          .that()
          .resideOutsideOfPackage(CUDA)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jcuda..");

  @ArchTest
  static final ArchRule onlyTheSimdBackendUsesTheVectorModule =
      noClasses()
          .that()
          .resideOutsideOfPackage(SIMD)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jdk.incubator.vector..");

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("dev.anechoic.(**)").should().beFreeOfCycles();
}
