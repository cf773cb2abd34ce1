@echo off
rem Safe Shop Lab from this stick, on Windows: opens the course without internet.
chcp 65001 >nul
for %%P in (3.14 3.13 3.12 3.11) do (
  py -%%P "%~dp0start.py" --serves >nul 2>nul && (
    py -%%P "%~dp0start.py" %*
    goto end
  )
)
python "%~dp0start.py" --serves >nul 2>nul && (
  python "%~dp0start.py" %*
  goto end
)
rem None that the stick serves: one that is there says so, and names those that are.
for %%P in (py python) do (
  %%P -c "" >nul 2>nul && (
    %%P "%~dp0start.py" %*
    goto end
  )
)
echo Safe Shop Lab needs Python, and none was found: README.txt says which one. Then run this file again.
pause
exit /b 1
:end
if errorlevel 1 pause
