#include "intake.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace tecnochat::pipeline::detail {
namespace {

constexpr const char* kUnparsable = "unparsable";
constexpr const char* kFailed = "failed";

Status decode_guarded(Values& values, const kafka::Record& record) {
    try {
        return values.decode(record);
    } catch (const std::exception&) {
        // Its message may quote the record: it is not told.
        return make_error(ErrorCode::kInvalidArgument, "decoding threw", "DECODE_THREW");
    }
}

}  // namespace

void Intake::decode(std::span<const kafka::Record* const> records) {
    values_.clear();
    records_.clear();
    unparsable_.clear();
    taken_.clear();
    for (std::size_t i = 0; i < records.size(); ++i) {
        Status status = decode_guarded(values_, *records[i]);
        if (status) {
            records_.push_back(i);
        } else {
            unparsable_.push_back({i, TenantId(), kUnparsable, std::move(status).error()});
        }
    }
}

Status Intake::resolve(Deadline deadline) {
    values_.give_back();
    refused_.clear();
    dropped_.clear();
    taken_.clear();
    if (records_.empty()) return ok();
    TECNOCHAT_CHECK(resolve(0, records_.size(), deadline));
    values_.take(taken_);
    return ok();
}

/// Nearly always all at once; halves until a value is alone with a fault of its own.
Status Intake::resolve(std::size_t first, std::size_t count, Deadline deadline) {
    const auto verdicts = values_.resolve(first, count, deadline);
    if (verdicts) {
        for (std::size_t i = 0; i < count; ++i) note(first + i, (*verdicts)[i]);
        return ok();
    }
    if (!is_items_fault(verdicts.error())) return verdicts.error();
    if (count == 1) {
        refused_.push_back({records_[first], TenantId(), kFailed, verdicts.error()});
        return ok();
    }
    const auto half = count / 2;
    TECNOCHAT_CHECK(resolve(first, half, deadline));
    return resolve(first + half, count - half, deadline);
}

void Intake::note(std::size_t value, const Verdict& verdict) {
    switch (verdict.kind()) {
        case Verdict::Kind::kTake:
            taken_.push_back({value, verdict.tenant()});
            return;
        case Verdict::Kind::kDrop:
            ++dropped_[verdict.reason()];
            return;
        case Verdict::Kind::kRefuse: {
            std::string reason(verdict.reason());
            auto error = make_error(ErrorCode::kInvalidArgument, "refused by its verdict", reason);
            refused_.push_back({records_[value], TenantId(), reason, std::move(error)});
            return;
        }
    }
}

void Intake::refuse(std::span<const std::pair<std::size_t, Error>> items) {
    values_.give_back();
    std::set<std::size_t> gone;
    for (const auto& [item, error] : items) {
        refused_.push_back(failed(item, error));
        gone.insert(item);
    }
    std::vector<Taken> kept;
    for (std::size_t i = 0; i < taken_.size(); ++i) {
        if (!gone.contains(i)) kept.push_back(taken_[i]);
    }
    taken_ = std::move(kept);
    values_.take(taken_);
}

Refusal Intake::failed(std::size_t item, const Error& error) const {
    const auto& [value, tenant] = taken_[item];
    return {records_[value], tenant, kFailed, error};
}

std::vector<TenantId> Intake::tenants() const {
    std::vector<TenantId> tenants;
    for (const auto& taken : taken_) {
        if (!taken.tenant.uuid().is_nil()) tenants.push_back(taken.tenant);
    }
    std::ranges::sort(tenants);
    const auto repeated = std::ranges::unique(tenants);
    tenants.erase(repeated.begin(), repeated.end());
    return tenants;
}

Outcome Intake::outcome() const {
    Outcome outcome;
    outcome.effects.dropped = dropped_;
    outcome.refusals = unparsable_;
    std::ranges::copy(refused_, std::back_inserter(outcome.refusals));
    return outcome;
}

}  // namespace tecnochat::pipeline::detail
