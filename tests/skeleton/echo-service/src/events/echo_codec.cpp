#include "events/echo_codec.hpp"

#include "tecnochat/echo/v1/events.pb.h"

namespace tecnochat::echo_service {

Result<Echo> parse_echo(const kafka::Record& record) {
    echo::v1::Echo wire;
    if (!wire.ParseFromString(record.value)) {
        return make_error(ErrorCode::kInvalidArgument, "no Echo", "UNPARSABLE");
    }
    Echo echo;
    TECNOCHAT_TRY(echo.tenant, TenantId::parse(wire.tenant_id()));
    TECNOCHAT_TRY(echo.id, EchoId::parse(wire.echo_id()));
    echo.text = wire.text();
    return echo;
}

kafka::OutRecord reply_record(const Echo& echo, Timestamp now) {
    echo::v1::Echo wire;
    wire.set_tenant_id(echo.tenant.to_string());
    wire.set_echo_id(echo.id.to_string());
    wire.set_text(echo.text);
    return {
        "echo.replies",
        wire.echo_id(),
        wire.SerializeAsString(),
        kafka::to_headers(
            {wire.echo_id(),
             wire.GetTypeName(),
             "/tecnochat/echo-service",
             now,
             echo.tenant,
             telemetry::current_trace()}
        )
    };
}

}  // namespace tecnochat::echo_service
