#include "domain/request_log.hpp"

#include <utility>

namespace tecnochat::meta_simulator {
namespace {

bool matches(const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
}

}  // namespace

void RequestLog::add(LoggedRequest request, bool accepted) {
    ++counters_.total;
    ++counters_.by_kind[request.kind];
    ++counters_.by_outcome[request.outcome];
    if (request.error_code != 0) ++counters_.by_error_code[request.error_code];
    if (accepted) {
        ++counters_.messages_accepted;
        if (!request.opaque.empty() && accepted_by_opaque_.size() < kOpaqueMax) {
            const int times = ++accepted_by_opaque_[request.opaque];
            if (times > 1) counters_.opaque_accepted_twice[request.opaque] = times;
        }
    }
    request.sequence = ++last_sequence_;
    if (request.body.size() > kBodyMax) request.body.resize(kBodyMax);
    entries_.push_back(std::move(request));
    if (entries_.size() > entries_max_) entries_.pop_front();
}

std::vector<LoggedRequest> RequestLog::find(const RequestFilter& filter) const {
    std::vector<LoggedRequest> found;
    for (const auto& entry : entries_) {
        if (found.size() >= filter.limit) break;
        if (entry.sequence > filter.after_sequence &&
            matches(filter.phone_number_id, entry.phone_number_id) &&
            matches(filter.kind, entry.kind) && matches(filter.outcome, entry.outcome) &&
            matches(filter.opaque, entry.opaque) && matches(filter.wamid, entry.wamid)) {
            found.push_back(entry);
        }
    }
    return found;
}

void RequestLog::reset() {
    entries_.clear();
    counters_ = Counters{};
    accepted_by_opaque_.clear();
}

RequestLog::Counters RequestLog::counters() const {
    Counters counters = counters_;
    counters.distinct_opaque_accepted = accepted_by_opaque_.size();
    return counters;
}

}  // namespace tecnochat::meta_simulator
