#include "store/one_by_one.hpp"

namespace tecnochat::whatsapp_connector {

Stored store_all_or_one_by_one(
    std::size_t count,
    const std::function<Status(std::size_t first, std::size_t count)>& store,
    const std::function<void(std::size_t item, const Error& error)>& refused
) {
    const Status whole = store(0, count);
    if (whole) return {count, ok()};
    if (is_retryable(whole.error())) return {0, whole};
    for (std::size_t i = 0; i < count; ++i) {
        const Status alone = store(i, 1);
        if (alone) continue;
        // A missing grant, a plan that is out of date: not the item's fault.
        if (!is_items_fault(alone.error())) return {i, alone};
        refused(i, alone.error());
    }
    return {count, ok()};
}

}  // namespace tecnochat::whatsapp_connector
