package judges;

import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Date;
import java.util.List;

import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.tsp.ArchiveTimeStamp;
import org.bouncycastle.asn1.tsp.ArchiveTimeStampChain;
import org.bouncycastle.asn1.tsp.EvidenceRecord;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.ers.ERSArchiveTimeStamp;
import org.bouncycastle.tsp.ers.ERSArchiveTimeStampGenerator;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;
import org.bouncycastle.tsp.ers.ERSEvidenceRecordGenerator;
import org.bouncycastle.util.encoders.Hex;

/** Judge, and other maker, of evidence records (RFC 4998). */
final class Evidence {
    private Evidence() {
    }

    private static DigestCalculatorProvider digests() throws Exception {
        return new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
    }

    /** A record for data: each archive time-stamp judged as the newest of the record that it once ended; the answer is their times in seconds. */
    static String record(byte[] der, byte[] data) throws Exception {
        EvidenceRecord record = EvidenceRecord.getInstance(der);
        StringBuilder times = new StringBuilder();
        ASN1EncodableVector chains = new ASN1EncodableVector();
        ASN1EncodableVector algorithms = new ASN1EncodableVector();
        for (ArchiveTimeStampChain chain : record.getArchiveTimeStampSequence().getArchiveTimeStampChains()) {
            AlgorithmIdentifier algorithm = chain.getArchiveTimestamps()[0].getDigestAlgorithmIdentifier();
            if (!contains(algorithms, algorithm)) {
                algorithms.add(algorithm);
            }
            ASN1EncodableVector stamps = new ASN1EncodableVector();
            for (ArchiveTimeStamp stamp : chain.getArchiveTimestamps()) {
                stamps.add(stamp);
                ASN1EncodableVector until = new ASN1EncodableVector();
                for (int i = 0; i != chains.size(); i++) {
                    until.add(chains.get(i));
                }
                until.add(new DERSequence(stamps));
                DERSequence part = new DERSequence(new ASN1Encodable[] {
                    new ASN1Integer(BigInteger.ONE), new DERSequence(algorithms), new DERSequence(until)});
                times.append(times.length() == 0 ? "" : " ").append(judged(part, stamp, data));
            }
            chains.add(chain);
        }
        Crypto.require(Arrays.equals(record.getEncoded("DER"), der), "not DER");
        return times.toString();
    }

    private static boolean contains(ASN1EncodableVector algorithms, AlgorithmIdentifier one) {
        for (int i = 0; i != algorithms.size(); i++) {
            if (algorithms.get(i).equals(one)) {
                return true;
            }
        }
        return false;
    }

    private static long judged(DERSequence part, ArchiveTimeStamp newest, byte[] data) throws Exception {
        ERSEvidenceRecord read = new ERSEvidenceRecord(EvidenceRecord.getInstance(part), digests());
        Date time = new ERSArchiveTimeStamp(newest, digests()).getGenTime();
        read.validatePresent(new ERSByteData(data), time);
        read.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(read.getSigningCertificate()));
        return time.getTime() / 1000;
    }

    private static ERSArchiveTimeStampGenerator generator(String oid, List<String> files) throws Exception {
        ERSArchiveTimeStampGenerator made = new ERSArchiveTimeStampGenerator(digests().get(new AlgorithmIdentifier(new ASN1ObjectIdentifier(oid))));
        for (String file : files) {
            made.addData(new ERSByteData(Files.readAllBytes(Paths.get(file))));
        }
        return made;
    }

    /** The root over files, in hex, that a token is to be got for. */
    static String root(String oid, List<String> files) throws Exception {
        return Hex.toHexString(generator(oid, files).generateTimeStampRequest(new TimeStampRequestGenerator()).getMessageImprintDigest());
    }

    /** Records of files under a response; each is written beside its file, with .er behind its name. */
    static String make(String oid, byte[] response, List<String> files) throws Exception {
        List<ERSEvidenceRecord> made = new ERSEvidenceRecordGenerator(digests()).generate(
            generator(oid, files).generateArchiveTimeStamps(new TimeStampResponse(response)));
        for (int i = 0; i != made.size(); i++) {
            Files.write(Path.of(files.get(i) + ".er"), made.get(i).getEncoded());
        }
        return Integer.toString(made.size());
    }
}
