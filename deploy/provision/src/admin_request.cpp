#include "admin_request.hpp"

#include <fmt/core.h>

namespace tecnochat::provision {

Error error_of(rd_kafka_resp_err_t code, const char* text, std::string_view doing) {
    const bool is_away = code == RD_KAFKA_RESP_ERR__TRANSPORT ||
                         code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                         code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    return make_error(
        is_away ? ErrorCode::kUnavailable : ErrorCode::kFailedPrecondition,
        fmt::format("{}: {}", doing, text != nullptr ? text : rd_kafka_err2str(code))
    );
}

Status set_timeouts(
    rd_kafka_AdminOptions_t* options,
    Deadline deadline,
    rd_kafka_admin_op_t operation,
    std::string_view doing
) {
    const auto budget_ms = static_cast<int>(deadline.remaining().count());
    if (budget_ms == 0) {
        return make_error(ErrorCode::kDeadlineExceeded, fmt::format("{}: no time left", doing));
    }
    ErrorText text{};
    rd_kafka_AdminOptions_set_request_timeout(options, budget_ms, text.data(), text.size());
    if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
        // How long the broker itself may wait until the topics exist everywhere.
        rd_kafka_AdminOptions_set_operation_timeout(options, budget_ms, text.data(), text.size());
    }
    return ok();
}

Result<Event> await_answer(rd_kafka_queue_t* queue, Deadline deadline, std::string_view doing) {
    Event event(rd_kafka_queue_poll(queue, static_cast<int>(deadline.remaining().count())));
    if (!event) return error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, nullptr, doing);
    if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_of(code, rd_kafka_event_error_string(event.get()), doing);
    }
    return event;
}

}  // namespace tecnochat::provision
