#include "tecnochat/telemetry/trace.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#include "tecnochat/crypto/encoding.hpp"

namespace tecnochat::telemetry {
namespace {

constexpr std::size_t kVersion00Length = 55;  // 2-32-16-2 and three dashes

std::optional<TraceContext>& slot() {
    thread_local std::optional<TraceContext> current;
    return current;
}

/// Ids need to be unlikely to meet, not unpredictable: a seeded generator per thread spares a
/// system call per span.
std::mt19937_64& generator() {
    thread_local std::mt19937_64 engine = [] {
        std::uint64_t seed = 0;
        const std::string bytes = crypto::random_bytes(sizeof seed);
        std::memcpy(&seed, bytes.data(), sizeof seed);
        return std::mt19937_64(seed);
    }();
    return engine;
}

template <std::size_t N>
void fill_random(std::array<std::uint8_t, N>& bytes) {
    static_assert(N % sizeof(std::uint64_t) == 0);
    for (std::size_t i = 0; i < N; i += sizeof(std::uint64_t)) {
        const std::uint64_t word = generator()();
        std::memcpy(bytes.data() + i, &word, sizeof word);
    }
}

template <std::size_t N>
bool is_zero(const std::array<std::uint8_t, N>& bytes) {
    return bytes == std::array<std::uint8_t, N>{};
}

/// Lower case only, as the recommendation asks.
template <std::size_t N>
bool read_hex(std::string_view hex, std::array<std::uint8_t, N>& bytes) {
    const bool has_upper =
        std::any_of(hex.begin(), hex.end(), [](char c) { return c >= 'A' && c <= 'F'; });
    const auto decoded = crypto::from_hex(hex);
    if (has_upper || !decoded || decoded->size() != N) return false;
    std::memcpy(bytes.data(), decoded->data(), N);
    return true;
}

}  // namespace

TraceContext TraceContext::generate() {
    TraceContext context;
    while (is_zero(context.trace_id)) fill_random(context.trace_id);
    while (is_zero(context.span_id)) fill_random(context.span_id);
    return context;
}

std::optional<TraceContext> TraceContext::parse(std::string_view text) {
    if (text.size() < kVersion00Length) return std::nullopt;
    std::array<std::uint8_t, 1> version{};
    std::array<std::uint8_t, 1> flags{};
    TraceContext context;
    const bool well_formed =
        text[2] == '-' && text[35] == '-' && text[52] == '-' &&
        read_hex(text.substr(0, 2), version) && read_hex(text.substr(3, 32), context.trace_id) &&
        read_hex(text.substr(36, 16), context.span_id) && read_hex(text.substr(53, 2), flags);
    if (!well_formed || version[0] == 0xff) return std::nullopt;
    // Later versions may append fields, version 00 may not.
    if (text.size() > kVersion00Length && (version[0] == 0 || text[kVersion00Length] != '-')) {
        return std::nullopt;
    }
    if (is_zero(context.trace_id) || is_zero(context.span_id)) return std::nullopt;
    context.flags = flags[0];
    return context;
}

TraceContext TraceContext::child() const {
    TraceContext context = *this;
    do {
        fill_random(context.span_id);
    } while (is_zero(context.span_id));
    return context;
}

std::string TraceContext::traceparent() const {
    const std::array<std::uint8_t, 1> flag_bytes{flags};
    return "00-" + trace_id_hex() + '-' + crypto::to_hex(span_id) + '-' +
           crypto::to_hex(flag_bytes);
}

std::string TraceContext::trace_id_hex() const {
    return crypto::to_hex(trace_id);
}

std::optional<TraceContext> current_trace() {
    return slot();
}

TraceScope::TraceScope(TraceContext context) : previous_(slot()) {
    slot() = context;
}

TraceScope::~TraceScope() {
    slot() = previous_;
}

}  // namespace tecnochat::telemetry
