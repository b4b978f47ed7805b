"""Build the library with the C compiler of this machine; processing/reading/kernel.py calls it."""

from pathlib import Path

from setuptools import Extension, setup

HERE = Path(__file__).parent

setup(
    ext_modules=[
        Extension(
            "playtally_kernel._kernel",
            sorted(str(path.relative_to(HERE)) for path in (HERE / "src").glob("*.c")),
            depends=sorted(str(path.relative_to(HERE)) for path in (HERE / "src").glob("*.h")),
            extra_compile_args=["-std=gnu11", "-O3", "-fvisibility=default", "-Wall", "-Wextra"],
            libraries=["pthread"],
        )
    ]
)
