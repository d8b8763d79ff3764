#include "support/overdue_turns.hpp"

#include <stdexcept>

#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::scenarios {

void make_overdue(const testkit::Stack& stack, const TenantId& tenant) {
    auto opened = postgres::connect(
        stack.database_url("message-router"), Deadline::after(Milliseconds(10'000))
    );
    if (!opened) throw std::runtime_error("the router's database: " + opened.error().message);
    const auto aged = opened.value()->execute(
        "UPDATE turns SET opened_at = opened_at - interval '1 day' "
        "WHERE tenant_id = $1 AND outcome IS NULL",
        postgres::Params().add(tenant)
    );
    if (!aged) throw std::runtime_error("turns could not be aged: " + aged.error().message);
}

}  // namespace tecnochat::scenarios
