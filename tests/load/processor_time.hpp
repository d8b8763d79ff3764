#pragma once

#include <sys/types.h>

namespace tecnochat::load {

/// Processor seconds (user and system, all threads) a process has used; 0 once it has gone.
double processor_seconds(pid_t pid);

}  // namespace tecnochat::load
