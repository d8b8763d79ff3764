#pragma once

#include "tecnochat/pipeline/transactional.hpp"
#include "use_cases/keep_echoes.hpp"

namespace tecnochat::echo_service {

extern const pipeline::TransactionalTopic kRequests;

kafka::Consumer::Handler keep_requests(const pipeline::Runtime& runtime, KeepEchoes& keep_echoes);

}  // namespace tecnochat::echo_service
