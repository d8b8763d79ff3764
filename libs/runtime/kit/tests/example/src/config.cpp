#include "config.hpp"

namespace tecnochat::example_service {

void declare(config::Options& options, Config& config) {
    runtime::declare(options, config.service, kShape);
    options.number("largest", config.largest, 1, 1000, "longest thing that is counted");
}

}  // namespace tecnochat::example_service
