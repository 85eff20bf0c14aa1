package dev.anechoic.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs a copy of the launcher in a project whose Maven wrapper and JDK are scripts that only note
 * how they were called.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "tests the POSIX shell launcher")
class LauncherTest {
  private static final long TIMEOUT_SECONDS = 60;

  @TempDir Path temp;

  /** The space shows that no path is split into words. */
  private Path project;

  private final Map<String, String> environment = new HashMap<>();

  private record Result(int exitCode, String out, String err) {}

  @BeforeEach
  void makeProject() throws IOException {
    project = temp.resolve("a project");
    Files.createDirectories(project.resolve("rl/src/main"));
    Files.createDirectories(project.resolve("rl/target"));
    Files.createDirectories(project.resolve("bench/target/lib"));
    Files.createFile(project.resolve("pom.xml"));
    // The folders of this machine's JDKs become folders of the test.
    String script =
        Files.readString(root().resolve("anechoic"))
            .replaceAll(" /(usr|opt|Library)/", " " + temp.toString().replace("\\", "/") + "/$1/");
    executable(project.resolve("anechoic"), script);
    executable(
        project.resolve("mvnw"),
        """
        #!/bin/sh
        echo "maven $* with $JAVA_HOME" >>maven.log
        [ ! -f offline-fails ] || case $* in *-o*) echo 'no access in offline mode'; exit 1 ;; esac
        [ ! -f never-builds ] || { echo '[ERROR] Main.java: missing semicolon'; exit 1; }
        touch rl/target/anechoic-rl-1.jar bench/target/lib/library.jar
        """);
    environment.put("PATH", "/usr/bin:/bin");
    environment.put("HOME", temp.resolve("home").toString());
    environment.put("JAVA_HOME", jdk("jdk 25", "25.0.3").toString());
  }

  @Test
  void firstUseBuildsAndRunsTheCommandLine() throws Exception {
    Result result = launch("doctor", "two words");
    assertEquals(0, result.exitCode(), result.err());
    assertTrue(result.err().contains("first use: building"), result.err());
    assertTrue(result.out().endsWith("dev.anechoic.rl.cli.Main|doctor|two words|\n"), result.out());
    assertTrue(result.out().contains("anechoic-rl-1.jar:"), result.out());
    assertTrue(result.out().contains("--add-modules=jdk.incubator.vector|"), result.out());
  }

  @Test
  void secondUseDoesNotBuild() throws Exception {
    launch("doctor");
    Result second = launch("doctor");
    assertEquals("", second.err());
    assertEquals(1, builds().size());
  }

  @Test
  void newerSourceIsBuilt() throws Exception {
    launch("doctor");
    Path source = Files.createFile(project.resolve("rl/src/main/New.java"));
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(1)));
    Result second = launch("doctor");
    assertTrue(second.err().contains("sources have changed"), second.err());
    assertEquals(2, builds().size());
  }

  @Test
  void buildsOfflineUnlessALibraryIsMissing() throws Exception {
    launch("doctor");
    assertTrue(builds().getFirst().contains(" -o "), builds()::toString);

    Files.createFile(project.resolve("offline-fails"));
    Files.delete(project.resolve("bench/target/launcher/built"));
    assertEquals(0, launch("doctor").exitCode());
    assertFalse(builds().getLast().contains(" -o "), builds()::toString);
  }

  @Test
  void failedBuildShowsMavensErrorsOnce() throws Exception {
    Files.createFile(project.resolve("never-builds"));
    Result result = launch("doctor");
    assertEquals(1, result.exitCode());
    assertTrue(result.err().contains("missing semicolon"), result.err());
    assertEquals("", result.out());
    assertEquals(1, builds().size());
  }

  @Test
  void oldJdksAreNamedAndTheErrorSaysHowToGetOne() throws Exception {
    Path old = jdk("jdk old", "25.0.2");
    environment.put("JAVA_HOME", old.toString());
    Path future = jdk("usr/lib/jvm/jdk-26", "26.0.1");
    Result result = launch("doctor");
    assertEquals(2, result.exitCode());
    assertTrue(result.err().contains("25.0.2 in " + old), result.err());
    assertTrue(result.err().contains("26.0.1 in " + future), result.err());
    assertTrue(result.err().contains("JDK-8377811"), result.err());
    assertTrue(result.err().contains("adoptium.net"), result.err());
  }

  @Test
  void jdkInAUsualFolderIsFoundWithoutJavaHome() throws Exception {
    for (String usual :
        List.of("usr/lib/jvm/x", "home/.sdkman/candidates/java/x", "home/.jdks/x")) {
      environment.remove("JAVA_HOME");
      Path jdk = jdk(usual, "25.0.10");
      assertEquals(0, launch("doctor").exitCode(), usual);
      Files.delete(jdk.resolve("release"));
    }
  }

  @Test
  void jvmFlagsOfTheUserComeLastAndMayChooseTheCollector() throws Exception {
    environment.put("ANECHOIC_OPTS", "-Xmx1g -XX:+UseSerialGC");
    String out = launch("doctor").out();
    assertTrue(out.contains("-Xmx1g|-XX:+UseSerialGC|-"), out);
    assertFalse(out.contains("UseParallelGC"), out);
  }

  @Test
  void onlyHelpDoesWithoutTheBetterCompiler() throws Exception {
    String flag = "-XX:TieredStopAtLevel=1|";
    assertTrue(launch("--help").out().contains(flag));
    assertTrue(launch("study", "-h").out().contains(flag));
    assertTrue(launch().out().contains(flag));
    assertFalse(launch("demo").out().contains(flag));
    assertFalse(launch("sample", "--prompt", "-hello").out().contains(flag));
  }

  @Test
  void gitsShellOnWindowsHandsOverToTheScriptForWindows() throws Exception {
    executable(project.resolve("anechoic.cmd"), "#!/bin/sh\nprintf '%s|' cmd \"$@\"\n");
    environment.put("MSYSTEM", "MINGW64");
    Result result = launch("doctor", "two words");
    assertEquals("cmd|doctor|two words|", result.out());
    assertFalse(Files.exists(project.resolve("maven.log")));
  }

  @Test
  void lockOfADeadBuildIsTakenOver() throws Exception {
    Path lock = Files.createDirectories(project.resolve("bench/target/launcher.lock"));
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    Files.writeString(lock.resolve("pid"), Long.toString(dead.pid()));
    assertEquals(0, launch("doctor").exitCode());
    assertFalse(Files.exists(lock));
  }

  /** A JDK whose java prints its arguments, each closed by a bar. */
  private Path jdk(String folder, String version) throws IOException {
    Path home = temp.resolve(folder);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    executable(home.resolve("bin/javac"), "#!/bin/sh\n");
    executable(home.resolve("bin/java"), "#!/bin/sh\nprintf '%s|' \"$@\"\necho\n");
    return home;
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(project.resolve("maven.log"));
  }

  private Result launch(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(project.resolve("anechoic").toString()));
    command.addAll(List.of(arguments));
    Path err = temp.resolve("err.txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS));
    return new Result(process.exitValue(), out, Files.readString(err));
  }

  private static void executable(Path file, String script) throws IOException {
    Files.writeString(file, script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** The folder that holds the launcher: Maven runs tests in the module's folder. */
  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    return Files.exists(folder.resolve("mvnw")) ? folder : folder.getParent();
  }
}
