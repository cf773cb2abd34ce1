@echo off
rem Safe Shop Lab from this stick, on Windows: opens the course without internet.
chcp 65001 >nul
for %%P in (3.13 3.12 3.11) do (
  py -%%P -c "import sys" >nul 2>nul && (
    py -%%P "%~dp0start.py" %*
    goto end
  )
)
python -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul && (
  python "%~dp0start.py" %*
  goto end
)
echo Safe Shop Lab needs Python 3.11 or newer, and none was found: install one, then run this file again.
:end
if errorlevel 1 pause
