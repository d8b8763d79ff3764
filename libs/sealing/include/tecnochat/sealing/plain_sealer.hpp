#pragma once

#include "tecnochat/sealing/sealer.hpp"

namespace tecnochat::sealing {

/// Plaintext, until the vault exists (issue 10): every person is open, nothing is bound to anybody,
/// nobody can be erased. It never fails and does no I/O.
class PlainSealer final : public Sealer {
 public:
    explicit PlainSealer(const Clock& clock) : clock_(clock) {}

    Result<Keys> fetch(std::span<const Person> people, Deadline deadline) override;
    Result<std::vector<ContactId>> new_people(
        const TenantId& tenant, int count, Keys& into, Deadline deadline
    ) override;
    Result<std::shared_ptr<const Keyring>> fetch_daily(std::chrono::sys_days day, Deadline deadline)
        override;

 private:
    const Clock& clock_;  // ids are time-ordered
};

}  // namespace tecnochat::sealing
