// Prints how the built-in engine does on the evaluation sets: `ai_reply_eval [demo|dev]`.

#include <cstdio>
#include <string_view>

#include "evaluation.hpp"

int main(int argc, char** argv) {
    const std::string_view set = argc > 1 ? argv[1] : "all";
    if (set != "dev") {
        const auto report = tecnochat::eval::evaluate_demo(TECNOCHAT_SOURCE_DIR);
        std::puts(tecnochat::eval::to_text(report).c_str());
    }
    if (set != "demo") {
        const auto report = tecnochat::eval::evaluate_dev(TECNOCHAT_SOURCE_DIR);
        std::puts(tecnochat::eval::to_text(report).c_str());
    }
    return 0;
}
