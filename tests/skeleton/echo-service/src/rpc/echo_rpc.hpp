#pragma once

#include "tecnochat/echo/v1/echo_service.grpc.pb.h"
#include "use_cases/read_echoes.hpp"

namespace tecnochat::echo_service {

class EchoRpc final : public echo::v1::EchoService::Service {
 public:
    explicit EchoRpc(ReadEchoes& read_echoes) : read_echoes_(read_echoes) {}

    grpc::Status GetEcho(
        grpc::ServerContext* context,
        const echo::v1::GetEchoRequest* request,
        echo::v1::GetEchoResponse* response
    ) override;

 private:
    ReadEchoes& read_echoes_;
};

}  // namespace tecnochat::echo_service
