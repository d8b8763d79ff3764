#include "memory.hpp"

#include <algorithm>
#include <set>

namespace tecnochat::channels {

void Memory::apply(Moment began, std::span<const ChannelRow> rows) {
    for (const auto& row : rows) apply_row(began, row);
}

void Memory::apply_row(Moment began, const ChannelRow& row) {
    const auto [it, inserted] = entries_.try_emplace(row.channel.phone_number_id);
    Entry& entry = it->second;
    if (inserted) {
        entry = {row, began, 0};
        tenants_.reset();
        return;
    }
    const auto held = entry.row.channel.epoch;
    const bool answers_doubt = entry.stale_at != 0 && began > entry.stale_at;
    if (row.channel.epoch < held && !answers_doubt) return;
    if (answers_doubt || row.channel.epoch > held) entry.stale_at = 0;
    if (entry.row.channel.tenant != row.channel.tenant) tenants_.reset();
    entry.row = row;
    entry.known_at = std::max(entry.known_at, began);
}

void Memory::apply_whole(Moment began, std::span<const ChannelRow> rows) {
    std::set<std::string_view> present;
    for (const auto& row : rows) {
        apply_row(began, row);
        present.insert(row.channel.phone_number_id);
    }
    const auto gone = std::erase_if(entries_, [&](const auto& item) {
        return !present.contains(item.first) && item.second.known_at < began;
    });
    if (gone > 0) tenants_.reset();
}

void Memory::apply_lookup(
    Moment began,
    std::span<const std::string> numbers,
    std::span<const ChannelRow> rows,
    Entries& found
) {
    apply(began, rows);
    for (const auto& number : numbers) {
        const auto it = entries_.find(number);
        if (it == entries_.end()) continue;
        const auto& entry = it->second;
        // The rows that were there have answered their doubt above.
        if (entry.stale_at != 0 && entry.stale_at < began && entry.known_at < began) {
            entries_.erase(it);
            tenants_.reset();
        } else {
            found.try_emplace(number, entry.row.checked());
        }
    }
}

void Memory::note(const Channel& channel) {
    const auto [it, inserted] = entries_.try_emplace(channel.phone_number_id);
    if (!inserted && channel.epoch <= it->second.row.channel.epoch) return;
    it->second = {{channel, true}, ++now_, 0};
    tenants_.reset();
}

void Memory::mark_stale(std::span<const std::string> numbers) {
    const auto moment = ++now_;
    for (const auto& number : numbers) {
        const auto it = entries_.find(number);
        if (it != entries_.end()) it->second.stale_at = moment;
    }
}

std::vector<std::string> Memory::find(std::span<const std::string> numbers, Entries& found) const {
    std::set<std::string> missing;
    for (const auto& number : numbers) {
        const auto it = entries_.find(number);
        if (it == entries_.end() || it->second.stale_at != 0) {
            missing.insert(number);
        } else {
            found.try_emplace(number, it->second.row.checked());
        }
    }
    return {missing.begin(), missing.end()};
}

const std::vector<TenantId>& Memory::tenants() const {
    if (!tenants_) {
        std::set<TenantId> tenants;
        for (const auto& [number, entry] : entries_) tenants.insert(entry.row.channel.tenant);
        tenants_.emplace(tenants.begin(), tenants.end());
    }
    return *tenants_;
}

}  // namespace tecnochat::channels
