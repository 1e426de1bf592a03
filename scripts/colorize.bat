@echo off
rem Drop photos, films or folders of them on this file: they are colorized, and the results lie beside them.
rem It needs deoldify_lite; docs/howto/install.md says how to install it.
setlocal
chcp 65001 >nul
set failed=0
where deoldify-lite >nul 2>nul
if errorlevel 1 (
    echo deoldify-lite is not installed, or not on the PATH. Install it as docs/howto/install.md says.
    set failed=1
    goto end
)
if "%~1"=="" (
    echo Drop photos, films or folders on this file.
    goto end
)
:next
if "%~1"=="" goto end
if exist "%~1\" (
    call :folder "%~1"
) else (
    call :file "%~1" "%~x1"
)
shift
goto next

:folder
set films=
set photos=
for %%s in (.mp4 .mov .avi .mkv .mpg .mpeg .wmv .m4v .webm) do dir /s /b "%~1\*%%s" >nul 2>nul && set films=1
for %%s in (.jpg .jpeg .png .tif .tiff .webp .bmp .avif) do dir /s /b "%~1\*%%s" >nul 2>nul && set photos=1
if defined films (
    deoldify-lite video "%~1"
    if errorlevel 1 set failed=1
)
if defined photos (
    deoldify-lite folder "%~1"
    if errorlevel 1 set failed=1
)
if not defined films if not defined photos echo %1: no photos or films are there.
exit /b 0

:file
for %%s in (.mp4 .mov .avi .mkv .mpg .mpeg .wmv .m4v .webm) do (
    if /i "%~2"=="%%s" (
        deoldify-lite video "%~1"
        if errorlevel 1 set failed=1
        exit /b 0
    )
)
deoldify-lite folder "%~1"
if errorlevel 1 set failed=1
exit /b 0

:end
if %failed%==1 echo Something failed: see above.
pause
exit /b %failed%
