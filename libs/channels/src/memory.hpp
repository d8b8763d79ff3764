#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "row.hpp"
#include "tecnochat/channels/directory.hpp"

namespace tecnochat::channels {

/// What a directory holds. Reads of the table are slow and may end in any order, so each is
/// numbered when it begins, and so is everything else that is learnt: what was known later than a
/// read began is not undone by that read. Not thread-safe; no I/O.
class Memory {
 public:
    using Moment = std::uint64_t;

    /// To be called before the table is read; the answer belongs to what was read.
    [[nodiscard]] Moment begin_read() { return ++now_; }
    /// Takes in rows that were read. Older epochs change nothing, unless what is held was marked
    /// stale before the read began.
    void apply(Moment began, std::span<const ChannelRow> rows);
    /// The same for the whole table: what it lacks goes, unless it was learnt later.
    void apply_whole(Moment began, std::span<const ChannelRow> rows);
    /// The same for a look-up of `numbers`: those marked stale that are in none of the rows go.
    /// Adds what is known of the numbers now to `found`.
    void apply_lookup(
        Moment began,
        std::span<const std::string> numbers,
        std::span<const ChannelRow> rows,
        Entries& found
    );

    void note(const Channel& channel);
    void mark_stale(std::span<const std::string> numbers);

    /// Adds what is known to `found`; gives back the numbers to look up.
    std::vector<std::string> find(std::span<const std::string> numbers, Entries& found) const;
    /// Sorted, each once.
    [[nodiscard]] const std::vector<TenantId>& tenants() const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
    struct Entry {
        ChannelRow row;
        Moment known_at = 0;  // when the read began, or when it was noted
        Moment stale_at = 0;  // 0: not stale
    };
    void apply_row(Moment began, const ChannelRow& row);

    std::map<std::string, Entry, std::less<>> entries_;
    /// Asked for twice a second, of thousands of numbers; made anew once one has changed hands.
    mutable std::optional<std::vector<TenantId>> tenants_;
    Moment now_ = 0;
};

}  // namespace tecnochat::channels
