"""The Littlest JupyterHub for a class of Safe Shop Lab; README.md beside this file says where it goes.

JupyterHub reads it after its own configuration and provides `c`.
"""

c = get_config()  # noqa: F821  (JupyterHub gives it)

# Every learner's server first prepares his folder: the start page, and his own copies of the lessons.
c.Spawner.cmd = ["/opt/tljh/user/bin/python", "-m", "simlib.course.classroom"]
c.Spawner.notebook_dir = "~/Safe Shop Lab"
c.Spawner.default_url = "/lab/tree/Start%20here.md"

# The class's language: en, zh-Hant or zh-Hans. A learner who chose another one keeps the class's here.
c.Spawner.environment = {"SAFESHOP_LANG": "en"}

# The first start copies lessons and reads large packages; a small server with twenty people needs its time.
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180
c.JupyterHub.concurrent_spawn_limit = 5

# A lesson takes about 0.5 GB. Whoever needs more would slow down the others.
c.Spawner.mem_limit = "1G"
c.Spawner.cpu_limit = 1.0
c.JupyterHub.active_server_limit = 40
