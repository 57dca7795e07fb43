# The Debian package: cpack --config build/release/CPackConfig.cmake
# Equal sources give equal packages if $SOURCE_DATE_EPOCH is set.

# Compressed without a time stamp, as Debian's policy demands.
function(compress file source)
  add_custom_command(OUTPUT ${file}
    COMMAND gzip -9nc ${source} > ${file} DEPENDS ${source})
  set(compressed ${compressed} ${file} PARENT_SCOPE)
endfunction()

string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(deploy/debian/changelog.in changelog.Debian @ONLY)
compress(betanet_exporter.1.gz betanet_exporter.1)
compress(changelog.gz ${CMAKE_SOURCE_DIR}/CHANGELOG.md)
compress(changelog.Debian.gz ${CMAKE_BINARY_DIR}/changelog.Debian)
add_custom_target(package_files ALL DEPENDS ${compressed})

set(doc ${CMAKE_INSTALL_DATADIR}/doc/betanet-exporter)
install(FILES ${CMAKE_BINARY_DIR}/betanet_exporter.1.gz COMPONENT package
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_BINARY_DIR}/changelog.gz deploy/debian/copyright
  ${CMAKE_BINARY_DIR}/changelog.Debian.gz COMPONENT package DESTINATION ${doc})
install(FILES deploy/prometheus/betanet.rules.yml
  deploy/prometheus/betanet.alerts.yml deploy/alertmanager/alertmanager.yml
  deploy/grafana/betanet.json COMPONENT package DESTINATION ${doc}/examples)
install(FILES deploy/debian/default RENAME betanet-exporter COMPONENT package
  DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/default)
install(FILES deploy/debian/lintian-overrides RENAME betanet-exporter
  COMPONENT package DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides)
install(DIRECTORY deploy/systemd/ COMPONENT package
  DESTINATION lib/systemd/system)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME betanet-exporter)
set(CPACK_PACKAGE_CONTACT
  "The Betanet exporter authors <betanet-exporter@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Prometheus exporter for Betanet")
set(CPACK_PACKAGE_DESCRIPTION
"Polls the JSON API of Betanet services and serves the values to Prometheus.
A service that hangs, restarts or answers nonsense delays neither a scrape
nor the other services, and an outage can be told from old values.")
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL exporter package)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/deploy/debian/conffiles
  ${CMAKE_SOURCE_DIR}/deploy/debian/postinst
  ${CMAKE_SOURCE_DIR}/deploy/debian/postrm
  ${CMAKE_SOURCE_DIR}/deploy/debian/prerm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
