#pragma once

#include "events/echo_codec.hpp"
#include "store/echo_store.hpp"
#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/pipeline/source.hpp"

namespace tecnochat::echo_service {

/// Stores each echo once, and says it again.
class KeepEchoes {
 public:
    KeepEchoes(outbox::Outbox& outbox, const Clock& clock) : outbox_(outbox), clock_(clock) {}

    Result<pipeline::Effects> run(
        postgres::Transaction& transaction, std::span<const pipeline::Incoming<Echo>> items
    );

 private:
    outbox::Outbox& outbox_;
    const Clock& clock_;
};

}  // namespace tecnochat::echo_service
