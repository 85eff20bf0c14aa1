@echo off
rem Starts anechoic on Windows: finds a JDK, builds what is missing or stale, runs the command line.
rem The shell script "anechoic" beside this file does the same elsewhere and explains the steps.
rem
rem   ANECHOIC_OPTS   more JVM flags, such as -Xmx8g (JAVA_OPTS is read too)
rem   JAVA_HOME       the JDK to try first
setlocal EnableExtensions DisableDelayedExpansion

set "ROOT=%~dp0"
if "%ROOT:~-1%"=="\" set "ROOT=%ROOT:~0,-1%"
set "STATE=%ROOT%\bench\target\launcher"
set "MAIN=dev.anechoic.rl.cli.Main"
set "JDK="
set "FOUND="

if defined JAVA_HOME call :try "%JAVA_HOME%"
for /f "delims=" %%J in ('where javac 2^>nul') do call :try "%%~dpJ.."
for /d %%D in ("%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Java\*" ^
    "%ProgramFiles%\Microsoft\jdk*" "%ProgramFiles%\Zulu\*" "%ProgramFiles%\Amazon Corretto\*" ^
    "%ProgramFiles%\BellSoft\*" "%LOCALAPPDATA%\Programs\Eclipse Adoptium\*" ^
    "%USERPROFILE%\.jdks\*" "%USERPROFILE%\scoop\apps\temurin*-jdk\current") do call :try "%%~fD"
if defined JDK goto found
>&2 echo anechoic: no suitable JDK
>&2 echo   expected: JDK 25.0.3 or a later update of 25
>&2 echo   got:     %FOUND% in JAVA_HOME, PATH, Program Files and %USERPROFILE%\.jdks
>&2 echo   why:      earlier updates can move a Java array while native code still reads it,
>&2 echo             JDK-8377811, and the Vector API changes between feature releases
>&2 echo   remedy:   install Temurin 25 from https://adoptium.net, or set JAVA_HOME to a JDK 25
exit /b 2

:found
call :stale
if not errorlevel 1 (
  call :build
  if errorlevel 1 exit /b 1
)
set /p BUILD=<"%STATE%\built"
set "CLASSES=%STATE%\%BUILD%\*;%ROOT%\bench\target\lib\*"

set "FLAGS=--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -XX:MaxRAMPercentage=60 -XX:+UnlockDiagnosticVMOptions -XX:-UseFPUForSpilling"
set "GIVEN=%JAVA_OPTS% %ANECHOIC_OPTS%"
set "COLLECTOR=-XX:+UseParallelGC"
echo "%GIVEN%" | findstr /r /c:"-XX:+Use.*GC" >nul && set "COLLECTOR="
set "CACHE=%STATE%\%JDK_VERSION%.aot"
rem A JVM that only prints a page is gone before the better compiler's code would pay.
set "COMPILER="
if "%~1"=="" set "COMPILER=-XX:TieredStopAtLevel=1"
for %%H in (--help -h --version -V) do (
  if "%~1"=="%%H" set "COMPILER=-XX:TieredStopAtLevel=1"
  if "%~2"=="%%H" set "COMPILER=-XX:TieredStopAtLevel=1"
)
if not exist "%CACHE%" (
  "%JDK%\bin\java" %FLAGS% %COLLECTOR% "-XX:AOTCacheOutput=%CACHE%" -cp "%CLASSES%" %MAIN% --help ^
    >"%STATE%\cache.log" 2>&1
)

"%JDK%\bin\java" %FLAGS% %COLLECTOR% %COMPILER% "-XX:AOTCache=%CACHE%" -Xlog:disable -Xlog:all=error:stderr ^
  %JAVA_OPTS% %ANECHOIC_OPTS% "-Danechoic.home=%ROOT%" -cp "%CLASSES%" %MAIN% %*
exit /b %ERRORLEVEL%

rem Takes the JDK in %1 unless one was taken before: its release file tells the version.
:try
if defined JDK exit /b 0
if not exist "%~1\bin\javac.exe" exit /b 0
if not exist "%~1\release" exit /b 0
set "VERSION="
for /f "tokens=2 delims==" %%V in ('findstr /b "JAVA_VERSION=" "%~1\release"') do set "VERSION=%%~V"
if not defined VERSION exit /b 0
for /f "tokens=1-3 delims=.+" %%A in ("%VERSION%") do (
  if "%%A.%%B"=="25.0" if %%C GEQ 3 (
    set "JDK=%~f1"
    set "JDK_VERSION=%VERSION%"
    exit /b 0
  )
)
set "FOUND=%FOUND% %VERSION% in %~f1;"
exit /b 0

rem Error level 0 where a source or build file is newer than the last build.
:stale
if not exist "%STATE%\built" exit /b 0
powershell -NoProfile -Command ^
  "$built = (Get-Item '%STATE%\built').LastWriteTimeUtc;" ^
  "$sources = Get-ChildItem -Recurse '%ROOT%\*\src\main', '%ROOT%\cuda-src', '%ROOT%\*\pom.xml', '%ROOT%\pom.xml' -ErrorAction SilentlyContinue;" ^
  "if ($sources | Where-Object { $_.LastWriteTimeUtc -gt $built } | Select-Object -First 1) { exit 0 } else { exit 1 }"
exit /b %ERRORLEVEL%

rem Offline first, so that a rebuild does not wait for a network; then with it. Each build keeps its
rem own copy of the jars: Windows cannot overwrite one that a run in progress has open.
:build
>&2 echo anechoic: building (the first time takes a minute or two and downloads libraries)
if not exist "%STATE%" mkdir "%STATE%"
for /f "delims=" %%T in ('powershell -NoProfile -Command "Get-Date -Format yyyyMMdd-HHmmss"') do set "BUILD=build-%%T"
>"%STATE%\started" echo %BUILD%
setlocal
set "JAVA_HOME=%JDK%"
pushd "%ROOT%"
call mvnw.cmd -B -ntp -o -DskipTests -DskipLint package >"%STATE%\build.log" 2>&1
if errorlevel 1 call mvnw.cmd -B -ntp -DskipTests -DskipLint package >"%STATE%\build.log" 2>&1
set "RESULT=%ERRORLEVEL%"
popd
endlocal & set "RESULT=%RESULT%"
if not "%RESULT%"=="0" (
  >&2 findstr /l /b /c:"[ERROR]" "%STATE%\build.log"
  >&2 echo anechoic: the build failed; all of its output is in %STATE%\build.log
  exit /b 1
)
mkdir "%STATE%\%BUILD%"
for %%M in (tensor kernels model rl parquet bench) do (
  copy /y "%ROOT%\%%M\target\anechoic-%%M-*.jar" "%STATE%\%BUILD%\" >nul || exit /b 1
)
del /q "%STATE%\*.aot" 2>nul
for /d %%D in ("%STATE%\build-*") do if /i not "%%~nxD"=="%BUILD%" rd /s /q "%%D" 2>nul
move /y "%STATE%\started" "%STATE%\built" >nul
exit /b 0
