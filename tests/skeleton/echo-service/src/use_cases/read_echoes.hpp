#pragma once

#include "store/echo_store.hpp"

namespace tecnochat::echo_service {

class ReadEchoes {
 public:
    explicit ReadEchoes(EchoStore& store) : store_(store) {}

    /// kNotFound (ECHO_NOT_FOUND) where the tenant has none of that id.
    Result<Echo> run(const TenantId& tenant, const EchoId& id, Deadline deadline) {
        return store_.get(tenant, id, deadline);
    }

 private:
    EchoStore& store_;
};

}  // namespace tecnochat::echo_service
