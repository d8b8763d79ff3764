#pragma once

#include <cstdint>
#include <functional>

namespace tecnochat::meta_simulator {

/// 64 random bits per call. Injected, so that tests see the same ids and jitter every time.
using Random = std::function<std::uint64_t()>;

}  // namespace tecnochat::meta_simulator
