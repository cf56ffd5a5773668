/* What kind of thing a stanza is: for stages that ask; route/ asks, too, and is a stage itself, so it is decided lower. */
#pragma once

#include "rule/matter.h"
