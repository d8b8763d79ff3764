#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "domain/contact_book.hpp"
#include "store/contacts.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/sealing/sealer.hpp"

namespace tecnochat::message_router {

/// The people behind a batch of messages, with their keys: found before the transaction begins.
/// Whoever's key is destroyed is not found any more: who writes after that is a new contact.
class People {
 public:
    /// Who wrote one message, and how they call themselves (empty: not told).
    struct Writer {
        TenantId tenant;
        const domain::Identity* identity = nullptr;
        const std::string* name = nullptr;
    };
    /// `stored`: every contact that a writer may mean. kUnavailable where the key of one cannot be
    /// had now.
    static Result<People> find(
        std::vector<store::StoredContact> stored,
        std::span<const Writer> writers,
        sealing::Sealer& sealer,
        Deadline deadline
    );

    [[nodiscard]] ContactId id_of(std::size_t writer) const {
        return book_.contacts()[positions_[writer]].id;
    }
    [[nodiscard]] bool is_new(std::size_t writer) const { return book_.is_new(positions_[writer]); }
    [[nodiscard]] const sealing::Keys& keys() const { return keys_; }

    /// Writes what these messages change about their writers. New rows are only queued.
    Status write(postgres::Transaction& transaction, std::span<const std::size_t> writers) const;

 private:
    explicit People(std::vector<domain::Contact> known) : book_(std::move(known)) {}

    domain::ContactBook book_;
    std::vector<std::size_t> positions_;  // of each writer in the book
    sealing::Keys keys_;
    std::vector<store::ContactRef> erased_;
};

}  // namespace tecnochat::message_router
