#pragma once

#include <span>
#include <vector>

#include "domain/contact_book.hpp"
#include "tecnochat/crypto/content_sealer.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::message_router::store {

/// Who is asked for.
struct ContactKey {
    TenantId tenant;
    domain::Identity identity;
};

/// Table contacts. Names are sealed. No state but the sealer; thread-safe as that is.
class Contacts {
 public:
    explicit Contacts(crypto::ContentSealer& sealer) : sealer_(sealer) {}

    /// Every contact that one of the keys may mean, by user id or by phone; each once.
    Result<std::vector<domain::Contact>> find(
        postgres::Transaction& transaction, std::span<const ContactKey> keys
    ) const;
    /// False where another transaction made one of them meanwhile: find again.
    Result<bool> insert(
        postgres::Transaction& transaction, std::span<const domain::Contact> contacts
    ) const;
    Status update(postgres::Transaction& transaction, std::span<const domain::Contact> contacts)
        const;

 private:
    crypto::ContentSealer& sealer_;
};

}  // namespace tecnochat::message_router::store
