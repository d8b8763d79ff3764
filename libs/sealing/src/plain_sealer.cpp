#include "tecnochat/sealing/plain_sealer.hpp"

#include <string>

namespace tecnochat::sealing {
namespace {

class PlainKeyring final : public Keyring {
 public:
    Result<std::string> seal(std::string_view plain) const override { return std::string(plain); }
    Result<std::string> open(std::string_view sealed) const override { return std::string(sealed); }
};

const std::shared_ptr<const Keyring>& plain_ring() {
    static const std::shared_ptr<const Keyring> ring = std::make_shared<PlainKeyring>();
    return ring;
}

}  // namespace

Result<Keys> PlainSealer::fetch(std::span<const Person> people, Deadline) {
    TECNOCHAT_ASSERT(people.size() <= kMaxPeople, "too many people in one fetch");
    Keys keys;
    for (const auto& person : people) keys.put_open(person, plain_ring());
    return keys;
}

Result<std::vector<ContactId>> PlainSealer::new_people(
    const TenantId& tenant, int count, Keys& into, Deadline
) {
    TECNOCHAT_ASSERT(count >= 0 && count <= kMaxPeople, "a count of new people out of range");
    std::vector<ContactId> ids;
    ids.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        ids.push_back(ContactId::generate(clock_.now()));
        into.put_open({tenant, ids.back()}, plain_ring());
    }
    return ids;
}

Result<std::shared_ptr<const Keyring>> PlainSealer::fetch_daily(std::chrono::sys_days, Deadline) {
    return plain_ring();
}

}  // namespace tecnochat::sealing
