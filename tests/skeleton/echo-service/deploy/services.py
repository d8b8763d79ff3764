Service("echo-service", database="echo_service"),
