package judges;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import com.sun.management.OperatingSystemMXBean;

import eu.europa.esig.dss.model.InMemoryDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonCertificateSource;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;

/** The EU's DSS on the signatures of renditions, to be measured beside. One command a line, as in Forms. */
public final class Pades {
    private static final PrintStream OUT = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);

    public static void main(String[] args) throws Exception {
        System.setOut(System.err);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split("\t");
            String answer;
            try {
                answer = "ok\t" + run(words);
            } catch (Throwable e) {
                answer = "no\t" + e;
            }
            OUT.println(answer.replace("\n", " ").replace("\r", " "));
        }
    }

    private static String run(String[] words) throws Exception {
        if (!words[0].equals("bench")) {
            throw new IllegalArgumentException("unknown command " + words[0]);
        }
        return bench(trust(new File(words[1])), new File(words[2]));
    }

    /** A folder of DER: roots *.root, further certificates *.cer, revocation lists *.crl. Nothing is fetched. */
    private static CommonCertificateVerifier trust(File folder) throws Exception {
        CommonTrustedCertificateSource roots = new CommonTrustedCertificateSource();
        CommonCertificateSource others = new CommonCertificateSource();
        List<InputStream> lists = new ArrayList<>();
        for (File file : sorted(folder)) {
            byte[] der = Files.readAllBytes(file.toPath());
            if (file.getName().endsWith(".root")) {
                roots.addCertificate(DSSUtils.loadCertificate(der));
            } else if (file.getName().endsWith(".cer")) {
                others.addCertificate(DSSUtils.loadCertificate(der));
            } else {
                lists.add(new ByteArrayInputStream(der));
            }
        }
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(roots);
        verifier.setAdjunctCertSources(others);
        verifier.setCrlSource(new ExternalResourcesCRLSource(lists.toArray(new InputStream[0])));
        verifier.setAIASource(null);
        return verifier;
    }

    private static File[] sorted(File folder) {
        File[] files = folder.listFiles();
        Arrays.sort(files);
        return files;
    }

    /** Indication and sub-indication of the one signature. */
    private static String validate(CommonCertificateVerifier trust, byte[] pdf) {
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new InMemoryDocument(pdf));
        validator.setCertificateVerifier(trust);
        SimpleReport report = validator.validateDocument().getSimpleReport();
        if (report.getSignaturesCount() != 1) {
            throw new IllegalStateException(report.getSignaturesCount() + " signatures");
        }
        String id = report.getFirstSignatureId();
        return report.getIndication(id) + " " + report.getSubIndication(id) + " "
            + report.getAdESValidationErrors(id).stream().map(each -> each.getValue()).toList();
    }

    /** Files for each second of processor time, after the same files twice to warm up; each must be TOTAL_PASSED. */
    private static String bench(CommonCertificateVerifier trust, File folder) throws Exception {
        List<byte[]> files = new ArrayList<>();
        for (File file : sorted(folder)) {
            files.add(Files.readAllBytes(file.toPath()));
        }
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long start = 0;
        for (int round = 0; round < 3; round++) {
            start = system.getProcessCpuTime();
            for (byte[] pdf : files) {
                String told = validate(trust, pdf);
                if (!told.startsWith("TOTAL_PASSED")) {
                    throw new IllegalStateException(told);
                }
            }
        }
        return String.format(Locale.ROOT, "%.2f", files.size() * 1e9 / (system.getProcessCpuTime() - start));
    }
}
