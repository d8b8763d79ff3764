#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tecnochat::telemetry {

inline constexpr std::string_view kTraceparentHeader = "traceparent";

/// A W3C trace context, version 00. Travels in gRPC metadata and Kafka headers.
struct TraceContext {
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{};
    std::uint8_t flags = 1;

    static TraceContext generate();
    static std::optional<TraceContext> parse(std::string_view traceparent);
    /// Same trace, new span.
    [[nodiscard]] TraceContext child() const;
    [[nodiscard]] std::string traceparent() const;
    [[nodiscard]] std::string trace_id_hex() const;
    bool operator==(const TraceContext&) const = default;
};

/// The trace of the work this thread does now; log lines carry it.
std::optional<TraceContext> current_trace();

class TraceScope {
 public:
    explicit TraceScope(TraceContext context);
    ~TraceScope();
    TraceScope(const TraceScope&) = delete;
    TraceScope& operator=(const TraceScope&) = delete;

 private:
    std::optional<TraceContext> previous_;
};

}  // namespace tecnochat::telemetry
