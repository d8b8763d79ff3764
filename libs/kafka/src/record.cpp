#include "tecnochat/kafka/record.hpp"

namespace tecnochat::kafka {

std::string_view Record::header(std::string_view name) const {
    for (const auto& [key_, value_] : headers) {
        if (key_ == name) return value_;
    }
    return {};
}

std::optional<telemetry::TraceContext> Record::trace() const {
    return telemetry::TraceContext::parse(header(telemetry::kTraceparentHeader));
}

Headers to_headers(const EventHeaders& event) {
    // Not an initializer list: that would copy every string once more, on the edge's hottest path.
    Headers headers;
    headers.reserve(8);
    headers.emplace_back("ce_specversion", "1.0");
    headers.emplace_back("ce_id", event.id);
    headers.emplace_back("ce_type", event.type);
    headers.emplace_back("ce_source", event.source);
    headers.emplace_back("ce_time", format_rfc3339(event.time));
    headers.emplace_back("content-type", "application/protobuf");
    if (event.tenant) headers.emplace_back("tenantid", event.tenant->to_string());
    if (event.trace) {
        headers.emplace_back(telemetry::kTraceparentHeader, event.trace->traceparent());
    }
    return headers;
}

}  // namespace tecnochat::kafka
