#include "consumers.hpp"

namespace tecnochat::echo_service {

const pipeline::TransactionalTopic kRequests{"echo-service", "echo.requests"};

kafka::Consumer::Handler keep_requests(const pipeline::Runtime& runtime, KeepEchoes& keep_echoes) {
    pipeline::Source<Echo> source{parse_echo, pipeline::tenant_from(&Echo::tenant)};
    return pipeline::transactional(runtime, kRequests, std::move(source), keep_echoes);
}

}  // namespace tecnochat::echo_service
