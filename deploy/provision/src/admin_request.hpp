#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"

// What kafka_admin.cpp and kafka_admin_acls.cpp share: handles and the one way of asking.

namespace tecnochat::provision {

/// unique_ptr over one of librdkafka's destroy functions.
template <auto Function>
struct Destroy {
    template <class T>
    void operator()(T* handle) const noexcept {
        Function(handle);
    }
};
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;

using ErrorText = std::array<char, 512>;

Error error_of(rd_kafka_resp_err_t code, const char* text, std::string_view doing);

/// The bare pointers of owned handles, as librdkafka's array arguments want them.
template <class Handle>
auto pointers(const std::vector<Handle>& handles) {
    std::vector<typename Handle::pointer> result;
    result.reserve(handles.size());
    for (const auto& handle : handles) result.push_back(handle.get());
    return result;
}

/// Gives a request the time that is left; kDeadlineExceeded when that is none.
Status set_timeouts(
    rd_kafka_AdminOptions_t* options,
    Deadline deadline,
    rd_kafka_admin_op_t operation,
    std::string_view doing
);
/// The answer to a request; an error when it failed as a whole or did not come in time.
Result<Event> await_answer(rd_kafka_queue_t* queue, Deadline deadline, std::string_view doing);

/// Calls `send(options, queue)`, which must send one admin request, and waits for its answer.
template <class Send>
Result<Event> ask(
    rd_kafka_t* client,
    Deadline deadline,
    rd_kafka_admin_op_t operation,
    std::string_view doing,
    Send send
) {
    const Options options(rd_kafka_AdminOptions_new(client, operation));
    TECNOCHAT_CHECK(set_timeouts(options.get(), deadline, operation, doing));
    const Queue queue(rd_kafka_queue_new(client));
    send(options.get(), queue.get());
    return await_answer(queue.get(), deadline, doing);
}

}  // namespace tecnochat::provision
