#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/uuid.hpp"
#include "tecnochat/telemetry/trace.hpp"

namespace tecnochat::kafka {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A record as consumed. Owns its bytes.
struct Record {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::string key;
    std::string value;
    Headers headers;
    Timestamp timestamp;

    /// Empty if there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    [[nodiscard]] std::string_view event_id() const { return header("ce_id"); }
    [[nodiscard]] std::optional<telemetry::TraceContext> trace() const;
};

/// A record to produce.
struct OutRecord {
    std::string topic;
    std::string key;
    std::string value;
    Headers headers;
};

/// The CloudEvents headers (Kafka binding, binary mode) every event of ours carries.
struct EventHeaders {
    std::string id;      // unique per event and source; consumers dedupe by it
    std::string type;    // Protobuf message name, e.g. "tecnochat.whatsapp.v1.InboundMessage"
    std::string source;  // "/tecnochat/<service>"
    Timestamp time;
    std::optional<TenantId> tenant;  // header `tenantid`, from the router onward
    std::optional<telemetry::TraceContext> trace;
};
Headers to_headers(const EventHeaders& event);

}  // namespace tecnochat::kafka
