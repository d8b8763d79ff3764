#include "tecnochat/pipeline/effects.hpp"

#include <iterator>
#include <utility>

namespace tecnochat::pipeline {

void Effects::merge(Effects other) {
    events.merge(std::move(other.events));
    for (const auto& [reason, count] : other.dropped) dropped[reason] += count;
    acts.insert(
        acts.end(),
        std::make_move_iterator(other.acts.begin()),
        std::make_move_iterator(other.acts.end())
    );
}

}  // namespace tecnochat::pipeline
