#include <stdio.h>
#include <stddef.h>
#include <turbojpeg.h>
